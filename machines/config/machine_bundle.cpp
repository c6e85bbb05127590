#include "machines/config/machine_bundle.hpp"

#include <limits>
#include <utility>

#include <system_error>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "machines/config/bundle_loader.hpp"

namespace fleet::config {
namespace {

namespace fs = std::filesystem;

class DiskFiles final : public FileSource {
  public:
    DiskFiles(fs::path folder, const Limits& limits)
        : folder_(std::move(folder)), limits_(limits) {}

    [[nodiscard]] std::optional<ParsedDocument> read(const std::string& name) const override {
        const fs::path file = folder_ / name;
        const auto text = read_text(file, limits_);
        if (!text) {
            return std::nullopt;
        }
        return parse_document(*text, shown(name), syntax_of(file), limits_);
    }
    [[nodiscard]] bool exists(const std::string& name) const override {
        std::error_code error;
        return fs::exists(folder_ / name, error) || error;
    }
    [[nodiscard]] std::string shown(const std::string& name) const override {
        return (folder_ / name).lexically_normal().string();
    }

  private:
    fs::path folder_;
    Limits limits_;
};

class HeldFiles final : public FileSource {
  public:
    explicit HeldFiles(const Node& files) : files_(files) {}

    [[nodiscard]] std::optional<ParsedDocument> read(const std::string& name) const override {
        const Member* const member = files_.find(name);
        return member == nullptr ? std::nullopt
                                 : std::optional(ParsedDocument{member->value, {}, {}});
    }
    [[nodiscard]] bool exists(const std::string& name) const override {
        return files_.find(name) != nullptr;
    }
    [[nodiscard]] std::string shown(const std::string& name) const override { return name; }

  private:
    const Node& files_;
};

/// A canonical text was made from files within their limits; several of them may exceed one's.
Limits without_limits() {
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
    Limits limits;
    limits.file_bytes = kMost;
    limits.nodes = kMost;
    limits.text_bytes = kMost;
    limits.depth += 2;  // "files" and the file's name
    return limits;
}

}  // namespace

LoadResult load_machine(const fs::path& file, const Limits& limits, const MachineChecks& checks) {
    const DiskFiles files(file.parent_path(), limits);
    return BundleLoader(files, checks).load(file.filename().string());
}

std::string canonical_text(const MachineBundle& bundle) {
    std::string text = "{\"file\":" + base::dump_json(bundle.file) + ",\"files\":{";
    bool is_first = true;
    for (const auto& [name, document] : bundle.files) {
        text += is_first ? "" : ",";
        text += base::dump_json(name) + ':' + to_json(document);
        is_first = false;
    }
    text += '}';
    if (bundle.hooks) {
        text += ",\"hooks\":" + to_json(*bundle.hooks);
    }
    return text + '}';
}

LoadResult load_canonical(std::string_view text) {
    const ParsedDocument parsed =
        parse_document(text, "stored configuration", Syntax::json, without_limits());
    const Member* const file = parsed.root ? parsed.root->find("file") : nullptr;
    const Member* const files = parsed.root ? parsed.root->find("files") : nullptr;
    if (file == nullptr || files == nullptr || !file->value.is_text() || !files->value.is_map()) {
        throw base::ConfigError(
            "reading a stored configuration: it is not in the form in which "
            "configurations are stored");
    }
    LoadResult loaded = BundleLoader(HeldFiles(files->value)).load(file->value.text);
    if (const Member* const hooks = parsed.root->find("hooks"); hooks != nullptr && loaded.bundle) {
        loaded.bundle->hooks = hooks->value;
    }
    return loaded;
}

}  // namespace fleet::config
