#include "tests/support/mock_provider/statistics.hpp"

#include <algorithm>

namespace fleet::mock_provider {

using base::Json;

Statistics::Counts& Statistics::of_model(const std::string& model) {
    if (models_.size() >= kMaximumModels && !models_.contains(model)) {
        return models_["(others)"];
    }
    return models_[model];
}

Statistics::Counts& Statistics::of_second(Instant now) {
    const auto passed = std::chrono::floor<std::chrono::seconds>(now - since_).count();
    const auto second =
        std::min(static_cast<std::size_t>(std::max<std::int64_t>(0, passed)), kMaximumSeconds - 1);
    if (seconds_.size() <= second) {
        seconds_.resize(second + 1);
    }
    return seconds_[second];
}

void Statistics::offered(const std::string& model, Instant now) {
    for (Counts* counts : {&all_, &of_model(model), &of_second(now)}) {
        ++counts->offered;
    }
}

void Statistics::given(const std::string& model, std::int64_t input_tokens,
                       std::int64_t output_tokens, Instant now) {
    for (Counts* counts : {&all_, &of_model(model), &of_second(now)}) {
        ++counts->given;
        counts->input_tokens += input_tokens;
        counts->output_tokens += output_tokens;
    }
}

void Statistics::refused(const std::string& model, const std::string& reason, bool rate_limited,
                         Instant now) {
    ++refused_[reason];
    for (Counts* counts : {&all_, &of_model(model), &of_second(now)}) {
        counts->rate_limited += rate_limited ? 1 : 0;
    }
}

void Statistics::background(bool given) {
    ++background_offered_;
    background_given_ += given ? 1 : 0;
}

void Statistics::flight_begins() {
    in_flight_maximum_ = std::max(in_flight_maximum_, ++in_flight_);
}

void Statistics::flight_ends(bool completed) {
    --in_flight_;
    completed_ += completed ? 1 : 0;
}

void Statistics::connection_opens() {
    ++connections_;
    ++connections_total_;
}

void Statistics::connection_closes() {
    --connections_;
}

void Statistics::reset(Instant now) {
    Statistics fresh(now);
    fresh.in_flight_ = in_flight_;
    fresh.in_flight_maximum_ = in_flight_;
    fresh.connections_ = connections_;
    fresh.connections_total_ = connections_;
    *this = std::move(fresh);
}

Json Statistics::json(Instant now) const {
    Json refused = Json::object();
    for (const auto& [reason, count] : refused_) {
        refused[reason] = count;
    }
    Json models = Json::object();
    for (const auto& [name, counts] : models_) {
        models[name] = {{"offered", counts.offered},
                        {"given", counts.given},
                        {"rate_limited", counts.rate_limited},
                        {"input_tokens", counts.input_tokens},
                        {"output_tokens", counts.output_tokens}};
    }
    Json series = {
        {"offered", Json::array()}, {"given", Json::array()}, {"rate_limited", Json::array()}};
    for (const Counts& counts : seconds_) {
        series["offered"].push_back(counts.offered);
        series["given"].push_back(counts.given);
        series["rate_limited"].push_back(counts.rate_limited);
    }
    return {{"since_reset_ms", whole_milliseconds(now - since_)},
            {"offered", all_.offered},
            {"given", all_.given},
            {"completed", completed_},
            {"rate_limited", all_.rate_limited},
            {"refused", std::move(refused)},
            {"tokens", {{"input", all_.input_tokens}, {"output", all_.output_tokens}}},
            {"in_flight", {{"now", in_flight_}, {"maximum", in_flight_maximum_}}},
            {"connections", {{"now", connections_}, {"total", connections_total_}}},
            {"background", {{"offered", background_offered_}, {"given", background_given_}}},
            {"models", std::move(models)},
            {"series", std::move(series)}};
}

}  // namespace fleet::mock_provider
