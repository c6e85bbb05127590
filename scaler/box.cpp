#include "scaler/box.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

#include "common/base/fd.hpp"

namespace fleet::scaler {
namespace {

/// The beginning of a small file of /proc; empty if it cannot be read.
std::string read_start(const char* path) {
    const base::UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> buffer;
    const ssize_t count = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
    return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0U};
}

/// The number after `name`, blanks skipped.
std::optional<double> number_after(std::string_view text, std::string_view name) {
    const std::size_t found = text.find(name);
    if (found == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(found + name.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<double> memory_used(std::string_view meminfo) {
    const auto total = number_after(meminfo, "MemTotal:");
    const auto available = number_after(meminfo, "MemAvailable:");
    if (!total || !available || *total <= 0) {
        return std::nullopt;
    }
    return std::clamp(1.0 - *available / *total, 0.0, 1.0);
}

std::optional<double> cpu_pressure(std::string_view pressure) {
    const auto share = number_after(pressure, "some avg10=");
    return share ? std::optional(*share / 100.0) : std::nullopt;
}

std::optional<double> descriptors_used(std::string_view file_nr) {
    const auto open = number_after(file_nr, "");
    const std::size_t last = file_nr.find_last_of("\t ");
    if (!open || last == std::string_view::npos) {
        return std::nullopt;
    }
    const auto most = number_after(file_nr.substr(last), "");
    return most && *most > 0 ? std::optional(*open / *most) : std::nullopt;
}

HostView look_at_box(const std::string& host) {
    HostView view;
    view.id = host;
    view.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    view.weight = view.cores;
    view.memory_used = memory_used(read_start("/proc/meminfo"));
    view.cpu_pressure = cpu_pressure(read_start("/proc/pressure/cpu"));
    view.descriptors_used = descriptors_used(read_start("/proc/sys/fs/file-nr"));
    return view;
}

}  // namespace fleet::scaler
