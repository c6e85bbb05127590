#include "cli/work/import_plan.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/hash.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::cli {
namespace {

const config::State* state_of(const ImportMachine& machine, const std::string& name) {
    const auto& states = machine.definition.states;
    const auto found = std::ranges::find(states, name, &config::State::name);
    return found == states.end() ? nullptr : &*found;
}

std::string stage_of(const ImportMachine& machine, const std::string& state_name) {
    const config::State* state = state_of(machine, state_name);
    return state != nullptr && !state->stage.empty() ? state->stage : machine.definition.stage;
}

/// Where it goes on here. A wait with a time limit is begun anew by a worker, which knows the
/// limit.
void take_over(engine::MachineSnapshot snapshot, const ImportMachine& machine, ImportItem& item) {
    item.kind = ImportItem::Kind::taken_over;
    item.machine = &machine;
    item.stage = stage_of(machine, snapshot.current_state);
    const config::State* state = state_of(machine, snapshot.current_state);
    item.is_parked =
        !item.channel.empty() && (state == nullptr || state->timeout_s.value_or(0) <= 0);
    snapshot.execution_id = item.id.text();
    snapshot.config_hash = machine.config.hash;
    item.snapshot = engine::to_json_text(snapshot);
}

/// Of each channel the oldest kept signal goes to the first that waits, and so on.
class KeptSignals {
  public:
    explicit KeptSignals(family::Archive& archive) : archive_(archive) {}

    base::JsonText next(const std::string& channel) {
        auto found = channels_.find(channel);
        if (found == channels_.end()) {
            found = channels_.emplace(channel, Queue{archive_.signals(channel), 0}).first;
        }
        Queue& queue = found->second;
        return queue.used < queue.signals.size() ? queue.signals[queue.used++] : base::JsonText();
    }

  private:
    struct Queue {
        std::vector<base::JsonText> signals;
        std::size_t used = 0;
    };
    family::Archive& archive_;
    std::map<std::string, Queue> channels_;
};

void plan_one(contracts::Store& store, family::Archive& archive, ImportMachines& machines,
              KeptSignals& signals, ImportItem& item) {
    std::optional<engine::MachineSnapshot> snapshot;
    try {
        snapshot = archive.latest(item.source_id);
    } catch (const base::ProtocolError& error) {
        item.reason = "its latest checkpoint is damaged: " + error.full_text();
        return;
    }
    if (!snapshot) {
        item.reason = "its latest checkpoint is missing";
        return;
    }
    item.machine_name = snapshot->machine_name;
    item.state = snapshot->current_state;
    item.event = engine::name_of(snapshot->event);
    if (snapshot->event == engine::Event::machine_end) {
        item.kind = ImportItem::Kind::finished;
        return;
    }
    item.channel = snapshot->event == engine::Event::waiting ? snapshot->waiting_channel : "";
    auto machine = machines.find(*snapshot);
    if (const auto* reason = std::get_if<std::string>(&machine)) {
        item.reason = *reason;
        return;
    }
    try {
        take_over(*std::move(snapshot), *std::get<const ImportMachine*>(machine), item);
    } catch (const expression::EvaluationError& error) {
        item.kind = ImportItem::Kind::refused;
        item.reason = std::string("its context cannot be kept: ") + error.what();
        return;
    }
    if (!item.channel.empty()) {
        item.signal = signals.next(item.channel);
    }
    if (store.work().get(item.id)) {
        item.kind = ImportItem::Kind::here;
    }
}

}  // namespace

const char* to_text(ImportItem::Kind kind) {
    switch (kind) {
        case ImportItem::Kind::taken_over:
            return "taken_over";
        case ImportItem::Kind::here:
            return "here";
        case ImportItem::Kind::finished:
            return "finished";
        case ImportItem::Kind::refused:
            break;
    }
    return "refused";
}

model::ExecutionId imported_id(const std::string& source_id) {
    if (const auto id = base::Uuid::parse(source_id)) {
        return *id;
    }
    base::Uuid id;
    const auto digest = base::content_digest("execution of the family " + source_id);
    std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
    // Version 8, of our own making (RFC 9562), and the variant.
    constexpr std::size_t kVersionByte = 6;
    constexpr std::size_t kVariantByte = 8;
    id.bytes[kVersionByte] = static_cast<std::uint8_t>((id.bytes[kVersionByte] & 0x0FU) | 0x80U);
    id.bytes[kVariantByte] = static_cast<std::uint8_t>((id.bytes[kVariantByte] & 0x3FU) | 0x80U);
    return id;
}

std::vector<ImportItem> plan_import(contracts::Store& store, family::Archive& archive,
                                    ImportMachines& machines) {
    std::vector<ImportItem> items;
    KeptSignals signals(archive);
    for (const std::string& source_id : archive.executions()) {
        ImportItem& item = items.emplace_back();
        item.source_id = source_id;
        item.id = imported_id(source_id);
        plan_one(store, archive, machines, signals, item);
    }
    return items;
}

}  // namespace fleet::cli
