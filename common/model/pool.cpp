#include "common/model/pool.hpp"

#include "common/model/json_writer.hpp"
#include "common/model/names.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<SeatState, 5> kSeatNames{{
    {SeatState::requested, "requested"},
    {SeatState::starting, "starting"},
    {SeatState::ready, "ready"},
    {SeatState::retiring, "retiring"},
    {SeatState::gone, "gone"},
}};

}  // namespace

std::string_view to_text(SeatState state) {
    return name_of(kSeatNames, state);
}

bool is_legal_change(SeatState from, SeatState to) {
    if (to == SeatState::gone) {
        return true;
    }
    switch (from) {
        case SeatState::requested:
            return to == SeatState::starting;
        case SeatState::starting:
            return to == SeatState::ready;
        case SeatState::ready:
            return to == SeatState::retiring;
        case SeatState::retiring:
        case SeatState::gone:
            break;
    }
    return false;
}

base::JsonText to_json_text(const Decision& decision) {
    JsonObjectWriter json;
    json.integer("id", decision.id);
    json.time("at", decision.at);
    json.text("host", decision.host);
    json.text("pool", decision.pool);
    json.integer("workers_before", decision.workers_before);
    json.integer("workers_planned", decision.workers_planned);
    json.integer("started", decision.started);
    json.integer("retired", decision.retired);
    json.text("reason", decision.reason);
    json.embed("inputs", decision.inputs);
    return json.finish();
}

}  // namespace fleet::model
