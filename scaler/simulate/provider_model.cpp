#include "scaler/simulate/provider_model.hpp"

#include <algorithm>
#include <cmath>

namespace fleet::simulate {
namespace {

Micros micros(double seconds) {
    return Micros{std::llround(seconds * 1e6)};
}

double seconds(std::chrono::duration<double> span) {
    return span.count();
}

}  // namespace

ProviderModel::ProviderModel(const ProviderModelRules& rules, PaceTime start)
    : rules_(rules), window_begin_(start), level_(rules.burst), level_at_(start) {}

double ProviderModel::rate() const {
    return rules_.limit / seconds(rules_.window);
}

void ProviderModel::set_limit(double limit, PaceTime now) {
    advance(now);
    rules_.limit = limit;
}

void ProviderModel::advance(PaceTime now) {
    switch (rules_.kind) {
        case LimitKind::fixed_window:
            while (now >= window_begin_ + rules_.window) {
                window_begin_ += rules_.window;
                used_ = 0;
            }
            break;
        case LimitKind::token_bucket:
            level_ = std::min(rules_.burst, level_ + seconds(now - level_at_) * rate());
            level_at_ = now;
            break;
        case LimitKind::sliding_window:
            while (!arrivals_.empty() && arrivals_.front() + rules_.window <= now) {
                arrivals_.pop_front();
            }
            break;
    }
}

double ProviderModel::remaining() const {
    switch (rules_.kind) {
        case LimitKind::fixed_window:
            return rules_.limit - used_;
        case LimitKind::token_bucket:
            return level_;
        case LimitKind::sliding_window:
            break;
    }
    return rules_.limit - static_cast<double>(arrivals_.size());
}

Micros ProviderModel::reset_after(PaceTime now) const {
    switch (rules_.kind) {
        case LimitKind::fixed_window:
            return window_begin_ + rules_.window - now;
        case LimitKind::token_bucket:
            return micros((rules_.burst - level_) / rate());
        case LimitKind::sliding_window:
            break;
    }
    return arrivals_.empty() ? Micros{0} : arrivals_.back() + rules_.window - now;
}

Micros ProviderModel::next_after(PaceTime now) const {
    switch (rules_.kind) {
        case LimitKind::fixed_window:
            return window_begin_ + rules_.window - now;
        case LimitKind::token_bucket:
            return micros((1 - level_) / rate());
        case LimitKind::sliding_window:
            break;
    }
    const auto over = arrivals_.size() - static_cast<std::size_t>(std::max(0.0, rules_.limit - 1));
    return arrivals_.empty()
               ? Micros{0}
               : arrivals_[std::min(over, arrivals_.size()) - 1] + rules_.window - now;
}

Answer ProviderModel::call(PaceTime now) {
    advance(now);
    Answer answer;
    answer.given = remaining() >= 1;
    if (answer.given) {
        used_ += 1;
        level_ -= 1;
        if (rules_.kind == LimitKind::sliding_window) {
            arrivals_.push_back(now);
        }
    } else {
        answer.stated.refusal = model::Refusal::per_minute;
        if (rules_.states_retry_after) {
            // In whole seconds, as the header has it.
            answer.stated.retry_after = std::chrono::ceil<std::chrono::seconds>(next_after(now));
        }
    }
    if (rules_.states_limits) {
        answer.stated.windows.push_back(
            {.quantity = model::Quantity::requests,
             .limit = std::llround(rules_.limit),
             .remaining = std::max<std::int64_t>(0, std::llround(std::floor(remaining()))),
             .reset_after = std::chrono::ceil<base::Millis>(reset_after(now)),
             .window = rules_.window});
    }
    return answer;
}

}  // namespace fleet::simulate
