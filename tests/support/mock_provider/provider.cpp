#include "tests/support/mock_provider/provider.hpp"

#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "tests/support/mock_provider/call_replies.hpp"
#include "tests/support/mock_provider/fields.hpp"

namespace fleet::mock_provider {

using base::Json;

Flight& Flight::operator=(Flight&& other) noexcept {
    if (this != &other) {
        end();
        provider_ = std::exchange(other.provider_, nullptr);
        given_ = other.given_;
        completes_ = other.completes_;
    }
    return *this;
}

void Flight::end() {
    if (provider_ != nullptr) {
        std::exchange(provider_, nullptr)->flight_ends(completes_);
    }
}

Provider::Provider(Json scenario, const std::string& where, const ProviderTime& time)
    : time_(time),
      live_(std::move(scenario), where, time.now()),
      draws_(live_.scenario()->seed),
      statistics_(time.now()) {
    const Instant now = time_.now();
    limiter_.change(live_.scenario()->limits, now);
    apply_scenario(Json::object(), now);
}

void Provider::flight_ends(bool completed) {
    const std::scoped_lock lock(mutex_);
    statistics_.flight_ends(completed);
}

void Provider::connection_opens() {
    const std::scoped_lock lock(mutex_);
    statistics_.connection_opens();
}

void Provider::connection_closes() {
    const std::scoped_lock lock(mutex_);
    statistics_.connection_closes();
}

void Provider::tick() {
    const Instant now = time_.now();
    const std::scoped_lock lock(mutex_);
    advance(now);
}

/// With the mutex held, like all of the following that change something.
void Provider::advance(Instant now) {
    while (const TimelineStep* step = live_.next_step(now)) {
        // What the background took before the step was taken under the limits before it.
        const Instant due = live_.due(*step);
        run_background(due);
        apply_scenario(step->set, due);
    }
    run_background(now);
}

void Provider::run_background(Instant until) {
    if (!background_ || background_->requests_per_s <= 0) {
        return;
    }
    constexpr double kLeastRate = 1.0 / 86'400;  // one a day
    const double rate = std::max(background_->requests_per_s, kLeastRate);
    const auto pause = std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(1 / rate));
    const Demand demand{background_->model, background_->key, background_->input_tokens,
                        background_->output_tokens};
    if ((until - background_next_) / pause > kMaximumCatchUp) {
        background_next_ = until;
    }
    for (; background_next_ <= until; background_next_ += pause) {
        statistics_.background(limiter_.take(demand, background_next_));
    }
}

/// After the scenario has changed by `patch`.
void Provider::apply_scenario(const Json& patch, Instant now) {
    const std::shared_ptr<const Scenario> scenario = live_.scenario();
    limiter_.change(scenario->limits, now);
    if (patch.contains("seed")) {
        draws_ = Draws(scenario->seed);
    }
    if (patch.contains("faults") && patch.at("faults").is_object()) {
        std::vector<std::string> names;
        for (const auto& [name, ignored] : patch.at("faults").items()) {
            names.push_back(name);
        }
        draws_.count_anew(names);
    }
    if (background_ != scenario->background) {
        background_ = scenario->background;
        background_next_ = now;
    }
}

Answering Provider::answer(const Request& request) {
    const Instant now = time_.now();
    const std::optional<Endpoint> endpoint = endpoint_of(request.target);
    if (!endpoint || request.method != "POST") {
        return {control(request, now), std::nullopt};
    }
    {
        const std::scoped_lock lock(mutex_);
        advance(now);
        statistics_.flight_begins();
    }
    Flight flight(*this);
    Reply reply = answer_call(request, *endpoint, now, flight);
    return {std::move(reply), std::move(flight)};
}

Reply Provider::answer_call(const Request& request, Endpoint endpoint, Instant now,
                            Flight& flight) {
    if (request.too_large) {
        return refuse_form(request, endpoint, now, 413, default_message(413));
    }
    std::variant<Call, BadCall> read = read_call(endpoint, request.key, request.body);
    if (const auto* bad = std::get_if<BadCall>(&read)) {
        return refuse_form(request, endpoint, now, 400, bad->reason);
    }
    Turn turn{nullptr, std::get<Call>(std::move(read)), now, request.keep_alive};
    {
        const std::scoped_lock lock(mutex_);
        turn.scenario = live_.scenario();
    }
    const Answer answer = answer_to(turn.call, turn.scenario->answers);
    Verdict verdict;
    {
        const std::scoped_lock lock(mutex_);
        verdict = judge(turn, answer);
    }
    if (verdict.reason.empty()) {
        flight.given();
        return given_reply(turn, answer,
                           {verdict.fault, verdict.admission, verdict.latency, verdict.number});
    }
    return refused_reply(
        turn, {verdict.fault, verdict.status, verdict.message, verdict.admission, verdict.number});
}

Reply Provider::refuse_form(const Request& request, Endpoint endpoint, Instant now, int status,
                            const std::string& message) {
    Turn turn{nullptr, {}, now, request.keep_alive && !request.too_large};
    turn.call.endpoint = endpoint;
    std::uint64_t number = 0;
    {
        const std::scoped_lock lock(mutex_);
        turn.scenario = live_.scenario();
        number = ++calls_;
        statistics_.offered("", now);
        statistics_.refused("", "bad_request", false, now);
    }
    return refused_reply(turn, {std::nullopt, status, message, {}, number});
}

void Provider::refuse_early(const Turn& turn, Verdict& verdict) const {
    const Scenario& scenario = *turn.scenario;
    const auto refuse = [&](int status, std::string reason, std::string message) {
        verdict.status = status;
        verdict.reason = std::move(reason);
        verdict.message = std::move(message);
    };
    if (scenario.accepted_keys && !scenario.accepted_keys->contains(turn.call.key)) {
        refuse(401, "unauthorized", "");
    } else if (scenario.models && !scenario.models->contains(turn.call.model)) {
        refuse(404, "unknown_model", "The model `" + turn.call.model + "` does not exist.");
    }
}

Provider::Verdict Provider::judge(const Turn& turn, const Answer& answer) {
    const Call& call = turn.call;
    const Scenario& scenario = *turn.scenario;
    const Demand demand{call.model, call.key, answer.input_tokens, answer.output_tokens,
                        call.max_tokens};
    Verdict verdict;
    verdict.number = ++calls_;
    statistics_.offered(call.model, turn.now);
    refuse_early(turn, verdict);
    if (verdict.reason.empty()) {
        verdict.fault = draws_.strike(scenario.faults, call, false);
        if (verdict.fault) {
            verdict.reason = "fault:" + verdict.fault->name;
            verdict.status =
                verdict.fault->kind == FaultKind::retry_after ? 429 : verdict.fault->status;
            verdict.admission.states = limiter_.look(demand, turn.now);
        }
    }
    if (verdict.reason.empty() && scenario.in_flight &&
        statistics_.in_flight() > scenario.in_flight->maximum) {
        verdict.reason = "in_flight";
        verdict.status = scenario.in_flight->status;
    }
    if (verdict.reason.empty()) {
        verdict.admission = limiter_.admit(demand, turn.now);
        if (!verdict.admission.admitted()) {
            verdict.reason = "limit:" + verdict.admission.refused_by;
            verdict.status = 429;
        }
    }
    if (!verdict.reason.empty()) {
        const bool says_429 =
            verdict.status == 429 && (!verdict.fault || verdict.fault->kind == FaultKind::status ||
                                      verdict.fault->kind == FaultKind::retry_after);
        statistics_.refused(call.model, verdict.reason, says_429, turn.now);
        return verdict;
    }
    verdict.fault = draws_.strike(scenario.faults, call, true);
    verdict.latency = draws_.latency(scenario.latency, answer.output_tokens);
    statistics_.given(call.model, answer.input_tokens, answer.output_tokens, turn.now);
    return verdict;
}

namespace {

Reply plain(const Request& request, Instant now, int status, std::string body) {
    Draft draft;
    draft.status = status;
    draft.body = std::move(body);
    draft.date = now;
    draft.keep_alive = request.keep_alive && !request.too_large;
    return reply_of(draft);
}

std::string error_text(const std::string& message) {
    return base::dump_json({{"error", message}});
}

}  // namespace

Reply Provider::control(const Request& request, Instant now) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    const std::string asked = request.method + " " + path;
    try {
        if (asked == "GET /mock/stats") {
            const std::scoped_lock lock(mutex_);
            advance(now);
            return plain(request, now, 200, base::dump_json(statistics_.json(now)));
        }
        if (asked == "POST /mock/configure" || asked == "POST /mock/reset") {
            const Json body =
                request.body.empty() ? Json::object() : base::parse_json(request.body, "the body");
            const std::scoped_lock lock(mutex_);
            advance(now);
            return plain(request, now, 200,
                         path == "/mock/reset" ? reset(body, now) : configure(body, now));
        }
    } catch (const base::ConfigError& error) {
        return plain(request, now, 400, error_text(error.full_text()));
    }
    const bool known = path == "/mock/stats" || path == "/mock/configure" ||
                       path == "/mock/reset" || endpoint_of(request.target);
    return plain(
        request, now, known ? 405 : 404,
        error_text(known ? path + " takes no " + request.method : "there is nothing at " + path));
}

std::string Provider::configure(const Json& patch, Instant now) {
    if (!patch.is_object()) {
        throw base::ConfigError(std::string("the patch: has to be an object, is ") +
                                patch.type_name());
    }
    live_.configure(patch, now);
    apply_scenario(patch, now);
    return "{}";
}

std::string Provider::reset(const Json& options, Instant now) {
    Fields fields(options, "the reset");
    const bool counts = fields.boolean("counts").value_or(true);
    const bool limits = fields.boolean("limits").value_or(false);
    const bool timeline = fields.boolean("timeline").value_or(false);
    fields.done();
    if (counts) {
        statistics_.reset(now);
    }
    if (limits) {
        limiter_.refill();
    }
    if (timeline) {
        live_.restart_timeline(now);
    }
    return "{}";
}

}  // namespace fleet::mock_provider
