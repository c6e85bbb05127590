#include "tests/support/mock_provider/call_replies.hpp"

#include <iterator>

namespace fleet::mock_provider {
namespace {

void add(Headers& headers, Headers more) {
    headers.insert(headers.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
}

Draft draft_for(const Turn& turn, std::uint64_t number) {
    Draft draft;
    draft.date = turn.skewed();
    draft.keep_alive = turn.keep_alive;
    const bool messages = turn.call.endpoint == Endpoint::messages;
    draft.headers.emplace_back(messages ? "request-id" : "x-request-id",
                               "req_" + std::to_string(number));
    return draft;
}

Headers limits_of(const Turn& turn, const Admission& admission) {
    return limit_headers(header_family_of(*turn.scenario, turn.call.endpoint), admission.states,
                         turn.skewed());
}

/// What a 429 that is a fault tells to wait, for no limit knows.
constexpr Nanos kFaultWait = std::chrono::seconds(1);

/// A fault without HTTP in it.
bool is_broken(const Fault& fault) {
    return fault.kind != FaultKind::status && fault.kind != FaultKind::retry_after;
}

}  // namespace

Reply given_reply(const Turn& turn, const Answer& answer, const Given& given) {
    Draft draft = draft_for(turn, given.number);
    draft.latency = given.latency;
    add(draft.headers, limits_of(turn, given.admission));
    const AnswerIdentity identity{
        given.number,
        std::chrono::floor<std::chrono::seconds>(turn.skewed().time_since_epoch()).count()};
    const bool large = given.fault && given.fault->kind == FaultKind::large_answer;
    Answer told = answer;
    if (large) {
        told.tools.clear();
        told.text = std::string(kLargePieceBytes, 'x');
    }
    if (turn.call.streamed) {
        draft.content_type = "text/event-stream; charset=utf-8";
        draft.interval = turn.scenario->stream.interval;
        draft.events = answer_events(
            turn.call, told, identity,
            large ? tokens_of_bytes(kLargePieceBytes) : turn.scenario->stream.chunk_tokens);
    } else {
        draft.body = answer_body(turn.call, told, identity);
    }
    return given.fault ? spoiled_reply(draft, *given.fault) : reply_of(draft);
}

Reply refused_reply(const Turn& turn, const Refused& refused) {
    if (refused.fault && is_broken(*refused.fault)) {
        return broken_reply(*refused.fault, turn.scenario->refusal_latency);
    }
    Draft draft = draft_for(turn, refused.number);
    draft.status = refused.status;
    draft.latency = turn.scenario->refusal_latency;
    const Family family = family_of(*turn.scenario, turn.call.endpoint);
    const bool bare = refused.fault && refused.fault->bare;
    if (!bare) {
        add(draft.headers, limits_of(turn, refused.admission));
    }
    if (refused.fault && refused.fault->kind == FaultKind::retry_after) {
        draft.headers.emplace_back("Retry-After", refused.fault->text);
    } else if (refused.status == 429 && !bare) {
        const std::optional<Nanos> wait =
            refused.fault ? std::optional<Nanos>(kFaultWait) : refused.admission.wait;
        add(draft.headers, retry_after_headers(turn.scenario->retry_after, wait, turn.skewed()));
    }
    if (!refused.admission.admitted()) {
        draft.body = limit_error_body(family, refused.admission, turn.call.model);
        return reply_of(draft);
    }
    draft.body =
        error_body(family, refused.status,
                   refused.message.empty() ? default_message(refused.status) : refused.message);
    return reply_of(draft);
}

}  // namespace fleet::mock_provider
