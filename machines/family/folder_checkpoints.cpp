#include <algorithm>
#include <fstream>

#include <system_error>

#include "common/base/errors.hpp"
#include "machines/family/checkpoints.hpp"

namespace fleet::family {
namespace {

namespace fs = std::filesystem;
using base::StoreError;

[[noreturn]] void fail(const std::string& doing, const fs::path& file, const std::string& reason) {
    throw StoreError(StoreError::Kind::unavailable, doing + " " + file.string() + ": " + reason);
}

std::optional<std::string> read_text(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        if (!fs::exists(file)) {
            return std::nullopt;
        }
        fail("reading the checkpoint", file, "it cannot be opened");
    }
    return std::string{std::istreambuf_iterator<char>(stream), {}};
}

/// Readers see the old file or the new one.
void replace_text(const fs::path& file, const std::string& text) {
    const fs::path draft = file.parent_path() / ("." + file.filename().string() + ".tmp");
    {
        std::ofstream stream(draft, std::ios::binary | std::ios::trunc);
        stream << text;
        if (!stream.flush()) {
            fail("writing the checkpoint", draft, "it cannot be written");
        }
    }
    std::error_code error;
    fs::rename(draft, file, error);
    if (error) {
        fail("writing the checkpoint", file, error.message());
    }
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

class FolderCheckpoints final : public CheckpointStorage {
  public:
    explicit FolderCheckpoints(fs::path folder) : folder_(std::move(folder)) {}

    void write(const std::string& key, const engine::MachineSnapshot& snapshot) override {
        const std::string text = engine::to_json_text(snapshot);
        std::error_code error;
        fs::create_directories(folder_ / snapshot.execution_id, error);
        if (error) {
            fail("making the folder", folder_ / snapshot.execution_id, error.message());
        }
        replace_text(folder_ / key, text);
        replace_text(folder_ / snapshot.execution_id / "latest", key);
    }

    std::optional<engine::MachineSnapshot> read(const std::string& key) override {
        if (key.find("..") != std::string::npos || key.starts_with('/')) {
            return std::nullopt;  // a pointer that leads out of the folder
        }
        const auto text = read_text(folder_ / key);
        return text ? std::optional(engine::snapshot_from_json(*text)) : std::nullopt;
    }

    std::optional<std::string> latest_key(const std::string& execution_id) override {
        const auto text = read_text(folder_ / execution_id / "latest");
        return text ? std::optional(trimmed(*text)) : std::nullopt;
    }

    std::vector<std::string> executions() override {
        std::vector<std::string> ids;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder_, error)) {
            std::string name = entry.path().filename().string();
            if (entry.is_directory() && !name.starts_with('.')) {
                ids.push_back(std::move(name));
            }
        }
        std::ranges::sort(ids);
        return ids;
    }

    std::vector<std::string> keys(const std::string& execution_id) override {
        std::vector<std::string> found;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder_ / execution_id, error)) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with("step_") && name.ends_with(".json")) {
                found.push_back(execution_id + "/" + name);
            }
        }
        std::ranges::sort(found);
        return found;
    }

    void remove(const std::string& execution_id) override {
        std::error_code error;
        fs::remove_all(folder_ / execution_id, error);
        if (error) {
            fail("removing the checkpoints", folder_ / execution_id, error.message());
        }
    }

  private:
    const fs::path folder_;
};

}  // namespace

std::unique_ptr<CheckpointStorage> folder_checkpoints(fs::path folder) {
    return std::make_unique<FolderCheckpoints>(std::move(folder));
}

}  // namespace fleet::family
