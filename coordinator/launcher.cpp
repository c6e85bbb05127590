#include "coordinator/launcher.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <utility>

#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "common/process/identity.hpp"
#include "common/process/spawn.hpp"

namespace fleet::coordinator {
namespace {

using base::StoreError;

std::string seconds(base::Millis span) {
    std::ostringstream text;
    text << static_cast<double>(span.count()) / 1000.0;
    return text.str();
}

base::UniqueFd open_log(const std::filesystem::path& file) {
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    base::UniqueFd log(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!log) {
        throw StoreError(errno == ENOSPC ? StoreError::Kind::full : StoreError::Kind::unavailable,
                         base::describe_errno("opening the worker log " + file.string(), errno),
                         "make the folder writable");
    }
    return log;
}

}  // namespace

Launcher::Launcher(contracts::Store& store, const HostLease& lease, LauncherOptions options)
    : store_(store),
      lease_(lease),
      options_(std::move(options)),
      environment_(process::own_environment()) {
    std::erase_if(environment_, [](const std::string& variable) {
        return variable.starts_with(std::string(kLaunchTokenVariable) + "=") ||
               variable.starts_with(std::string(kHostVariable) + "=");
    });
    environment_.push_back(std::string(kHostVariable) + "=" + options_.host);
}

std::filesystem::path Launcher::log_file(const std::string& worker_id) const {
    return options_.log_folder / (worker_id + ".log");
}

void Launcher::free_old_seats() {
    for (const model::PoolPolicy& pool : store_.scaling().pools()) {
        for (const model::Seat& seat : store_.scaling().seats(pool.pool)) {
            if (seat.host == options_.host && seat.worker_id.empty()) {
                // False if its worker registers just now; then it is taken.
                store_.scaling().set_seat_state(seat.id, model::SeatState::gone);
            }
        }
    }
}

std::variant<model::Seat, LaunchFailed> Launcher::take_seat(const LaunchRequest& request) {
    contracts::SeatRequest wanted;
    wanted.pool = request.pool;
    wanted.host = options_.host;
    wanted.pool_max = request.pool_max;
    wanted.ttl = kSeatTtl;
    wanted.fleet_max = options_.fleet_max;
    wanted.request_id = base::random_positive_int64();
    for (int attempt = 1;; ++attempt) {
        try {
            auto answer = store_.scaling().take_seat(wanted);
            if (auto* refused = std::get_if<contracts::SeatRefused>(&answer)) {
                return LaunchFailed{std::move(refused->reason), true};
            }
            return std::get<model::Seat>(std::move(answer));
        } catch (const StoreError& error) {
            const bool again =
                error.kind() == StoreError::Kind::unknown || error.kind() == StoreError::Kind::busy;
            if (!again || attempt == 3) {
                throw;
            }
        }
    }
}

std::vector<std::string> Launcher::arguments(const LaunchRequest& request, const model::Seat& seat,
                                             const std::string& worker_id) const {
    std::vector<std::string> argv{options_.program.string(),
                                  "--store",
                                  store_.url().text(),
                                  "--pool",
                                  request.pool,
                                  "--slots",
                                  std::to_string(request.slots),
                                  "--worker-id",
                                  worker_id,
                                  "--seat",
                                  std::to_string(seat.id),
                                  "--lease-ttl",
                                  seconds(options_.lease_ttl),
                                  "--grace",
                                  seconds(options_.grace),
                                  "--log-level",
                                  options_.log_level};
    if (!request.batch.empty()) {
        argv.insert(argv.end(), {"--batch", request.batch});
    }
    if (!options_.machine_file.empty()) {
        argv.insert(argv.end(), {"--machine", options_.machine_file.string()});
    }
    if (options_.resume_only) {
        argv.emplace_back("--resume-only");
    }
    return argv;
}

std::variant<Launched, LaunchFailed> Launcher::launch(const LaunchRequest& request) {
    auto seat_or_failure = take_seat(request);
    if (auto* failed = std::get_if<LaunchFailed>(&seat_or_failure)) {
        return std::move(*failed);
    }
    const model::Seat seat = std::get<model::Seat>(std::move(seat_or_failure));
    try {
        const std::string worker_id = options_.host + "-" + base::random_word(8);
        const std::filesystem::path file = log_file(worker_id);
        const base::UniqueFd log = open_log(file);
        const std::vector<std::string> argv = arguments(request, seat, worker_id);
        const std::vector<std::string> token{std::string(kLaunchTokenVariable) + "=" +
                                             seat.launch_token};
        process::SpawnOptions spawn;
        spawn.argv = argv;
        spawn.environment = environment_;
        spawn.more_environment = token;
        spawn.stdout_fd = log.get();
        spawn.stderr_fd = log.get();
        spawn.die_with_parent = false;
        lease_.require("starting worker " + worker_id);
        auto answer = process::spawn(spawn);
        if (auto* failure = std::get_if<process::SpawnFailure>(&answer)) {
            store_.scaling().set_seat_state(seat.id, model::SeatState::gone);
            return LaunchFailed{std::move(failure->message), false};
        }
        auto child = std::get<process::Child>(std::move(answer));
        // Nullopt if it has died already; then it is a zombie of ours and its pid is still its own.
        auto identity = process::identity_of(child.pid());
        if (!identity) {
            identity = model::ProcessIdentity{};
            identity->pid = child.pid();
        }
        // False when the worker has registered in the meantime: the seat is past `starting`.
        store_.scaling().set_seat_state(seat.id, model::SeatState::starting);
        return Launched{worker_id, request.pool, seat.id, *identity, file, std::move(child)};
    } catch (const base::Error&) {
        store_.scaling().set_seat_state(seat.id, model::SeatState::gone);
        throw;
    }
}

std::string last_words(const std::filesystem::path& file, std::size_t limit) {
    std::ifstream stream(file, std::ios::binary | std::ios::ate);
    if (!stream) {
        return {};
    }
    const auto size = static_cast<std::size_t>(std::max<std::streamoff>(0, stream.tellg()));
    std::string text(std::min(size, limit), '\0');
    stream.seekg(static_cast<std::streamoff>(size - text.size()));
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    // Begin at a character's edge.
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0U) == 0x80U) {
        text.erase(text.begin());
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return text;
}

}  // namespace fleet::coordinator
