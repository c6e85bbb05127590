#include "tests/conformance/backends.hpp"

#include <utility>

#include "common/base/errors.hpp"

namespace fleet::conformance {
namespace {

constexpr const char* kFolder = ".checkpoints";
constexpr const char* kDatabase = "flatmachines.sqlite";

}  // namespace

Backends::Backends(std::string kind, std::filesystem::path folder)
    : kind_(std::move(kind)), folder_(std::move(folder)), signals_(family::memory_signals()) {
    if (kind_ != "memory" && kind_ != "local" && kind_ != "sqlite" && kind_ != "config") {
        throw base::ConfigError("a case has no backend `" + kind_ + "`");
    }
    open(kind_ == "config" ? "memory" : kind_, kDatabase);
}

void Backends::begin(const config::MachineDefinition& machine) {
    if (kind_ != "config") {
        if (kind_ != "memory") {
            open(kind_, kDatabase);
        }
        return;
    }
    // Without a section, and with `memory`, a process has memory of its own.
    const auto& persistence = machine.persistence;
    if (!persistence || !persistence->enabled ||
        persistence->backend == config::PersistenceKind::memory) {
        open("memory", {});
    } else if (persistence->backend == config::PersistenceKind::local) {
        open("local", {});
    } else {
        open("sqlite", persistence->db_path.empty() ? kDatabase : persistence->db_path);
    }
}

void Backends::open(const std::string& kind, const std::string& database) {
    if (kind == "memory") {
        checkpoints_ = std::make_unique<family::FamilyCheckpoints>(family::memory_checkpoints());
    } else if (kind == "local") {
        checkpoints_ = std::make_unique<family::FamilyCheckpoints>(
            family::folder_checkpoints(folder_ / kFolder));
    } else {
        checkpoints_ = std::make_unique<family::FamilyCheckpoints>(
            family::sqlite_checkpoints(folder_ / database));
    }
    if (kind_ == "sqlite") {
        signals_ = family::sqlite_signals(folder_ / "signals.sqlite");
    }
}

}  // namespace fleet::conformance
