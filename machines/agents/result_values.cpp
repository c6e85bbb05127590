#include "machines/agents/result_values.hpp"

#include <algorithm>

namespace fleet::agents {
namespace {

using expression::List;
using expression::Value;

double seconds(base::Millis span) {
    return std::chrono::duration<double>(span).count();
}

/// "requests_per_minute"; without the window where it is not known.
std::string window_name(const model::LimitWindow& window) {
    using namespace std::chrono_literals;
    std::string name(model::to_text(window.quantity));
    if (!window.window) {
        return name;
    }
    const base::Millis length = *window.window;
    if (length == 1s) {
        return name + "_per_second";
    }
    if (length == 1min) {
        return name + "_per_minute";
    }
    if (length == 1h) {
        return name + "_per_hour";
    }
    if (length == 24h) {
        return name + "_per_day";
    }
    return name + "_per_" + base::human_duration(length);
}

Value window_value(const model::LimitWindow& window, base::WallTime now) {
    Value value = Value::dict({});
    value.set("name", text_value(window_name(window)));
    value.set("resource", text_value(model::to_text(window.quantity)));
    if (window.remaining) {
        value.set("remaining", Value::integer(*window.remaining));
    }
    if (window.limit) {
        value.set("limit", Value::integer(*window.limit));
    }
    if (window.reset_after) {
        value.set("resets_in", Value::floating(seconds(*window.reset_after)));
        value.set("reset_at",
                  Value::floating(seconds((now + *window.reset_after).time_since_epoch())));
    }
    return value;
}

}  // namespace

void CallSum::take(const ModelEndpoint& endpoint, const Exchange& exchange) {
    ++api_calls;
    if (!exchange.reply) {
        return;
    }
    if (exchange.reply->usage) {
        const ChatUsage& one = *exchange.reply->usage;
        usage.input_tokens += one.input_tokens;
        usage.output_tokens += one.output_tokens;
        usage.cache_read_tokens += one.cache_read_tokens;
        usage.cache_write_tokens += one.cache_write_tokens;
    }
    cost += endpoint.cost_of(*exchange.reply);
    has_cost = has_cost || exchange.reply->cost || endpoint.parts().prices;
}

Value usage_value(const CallSum& sum) {
    Value usage = Value::dict({});
    usage.set("input_tokens", Value::integer(sum.usage.input_tokens));
    usage.set("output_tokens", Value::integer(sum.usage.output_tokens));
    usage.set("total_tokens", Value::integer(sum.usage.input_tokens + sum.usage.output_tokens));
    usage.set("cache_read_tokens", Value::integer(sum.usage.cache_read_tokens));
    usage.set("cache_write_tokens", Value::integer(sum.usage.cache_write_tokens));
    usage.set("api_calls", Value::integer(sum.api_calls));
    return usage;
}

Value cost_value(const CallSum& sum) {
    if (!sum.has_cost) {
        return {};
    }
    Value cost = Value::dict({});
    cost.set("total", Value::floating(sum.cost));
    return cost;
}

Value rate_limit_value(const model::RateLimit& limits, base::WallTime now) {
    const bool is_limited = model::is_rate_limit(limits.refusal) ||
                            std::ranges::any_of(limits.windows, [](const model::LimitWindow& one) {
                                return one.remaining == 0;
                            });
    if (limits.windows.empty() && !limits.retry_after && !is_limited) {
        return {};
    }
    Value value = Value::dict({});
    value.set("limited", Value::boolean(is_limited));
    if (limits.retry_after) {
        value.set("retry_after", Value::floating(seconds(*limits.retry_after)));
    }
    List windows;
    for (const model::LimitWindow& window : limits.windows) {
        windows.push_back(window_value(window, now));
    }
    value.set("windows", Value::list(std::move(windows)));
    return value;
}

Value provider_value(const ModelEndpoint& endpoint, const Exchange& exchange) {
    Value value = Value::dict({});
    value.set("provider", text_value(endpoint.parts().provider));
    const bool states_model = exchange.reply && !exchange.reply->model.empty();
    value.set("model", text_value(states_model ? exchange.reply->model : endpoint.parts().model));
    std::string request_id = exchange.reply ? exchange.reply->id : std::string();
    Value headers = Value::dict({});
    for (const auto& [name, text] : exchange.headers) {
        if (name.find("request-id") != std::string::npos) {
            request_id = text;
        }
        headers.set(name, text_value(text));
    }
    value.set("request_id", text_value(request_id));
    value.set("raw_headers", std::move(headers));
    if (exchange.status != 0) {
        value.set("status_code", Value::integer(exchange.status));
    }
    if (exchange.error) {
        value.set("error_code", text_value(exchange.error->code));
    }
    return value;
}

}  // namespace fleet::agents
