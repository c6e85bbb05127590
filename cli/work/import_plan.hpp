// What an import would do with each execution of an archive. Reads the archive and the store,
// changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/work/import_machines.hpp"
#include "common/contracts/store.hpp"
#include "machines/family/archive.hpp"

namespace fleet::cli {

struct ImportItem {
    enum class Kind {
        taken_over,  ///< it goes on here
        here,        ///< it was imported before
        finished,    ///< nothing is left to do
        refused,     ///< see `reason`
    };
    Kind kind = Kind::refused;
    std::string source_id;
    model::ExecutionId id;
    std::string machine_name;
    std::string state;
    std::string event;
    std::string reason;
    // Of what is taken over:
    const ImportMachine* machine = nullptr;
    std::string stage;
    base::JsonText snapshot;
    std::string channel;     ///< it waits for; empty unless its latest checkpoint is of a wait
    bool is_parked = false;  ///< on the channel; else a worker first looks how long it may wait
    base::JsonText signal;   ///< kept in the archive, for it; empty: none
};
[[nodiscard]] const char* to_text(ImportItem::Kind kind);

/// The id of an execution of the family: its own if it is a UUID, else one made from it, always the
/// same.
[[nodiscard]] model::ExecutionId imported_id(const std::string& source_id);

/// In the order of the archive's ids. The machines must live as long as the items.
[[nodiscard]] std::vector<ImportItem> plan_import(contracts::Store& store, family::Archive& archive,
                                                  ImportMachines& machines);

}  // namespace fleet::cli
