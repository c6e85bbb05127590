// Bodies of errors as the families write them.
#include <string>

#include "common/base/json.hpp"
#include "tests/support/mock_provider/limit_headers.hpp"

namespace fleet::mock_provider {
namespace {

using base::Json;

std::string openai_type(int status) {
    switch (status) {
        case 402:
            return "insufficient_quota";
        case 429:
            return "rate_limit_error";
        default:
            return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

Json openai_code(int status) {
    switch (status) {
        case 401:
            return "invalid_api_key";
        case 402:
            return "insufficient_quota";
        case 404:
            return "model_not_found";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_exceeded";
        default:
            return nullptr;
    }
}

std::string anthropic_type(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 402:
            return "billing_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 529:
            return "overloaded_error";
        default:
            return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

std::string cerebras_code(int status) {
    switch (status) {
        case 401:
            return "wrong_api_key";
        case 402:
            return "payment_required";
        case 404:
            return "model_not_found";
        case 429:
            return "too_many_requests_error";
        case 503:
            return "queue_exceeded";
        default:
            return status >= 500 ? "internal_server_error" : "invalid_request_error";
    }
}

std::string words_of(Quantity quantity) {
    switch (quantity) {
        case Quantity::requests:
            return "requests";
        case Quantity::tokens:
            return "tokens";
        case Quantity::input_tokens:
            return "input tokens";
        case Quantity::output_tokens:
            return "output tokens";
    }
    return {};
}

}  // namespace

std::string default_message(int status) {
    switch (status) {
        case 400:
            return "The request is not valid.";
        case 401:
            return "Incorrect API key provided.";
        case 402:
            return "The balance is too low for this call.";
        case 403:
            return "This key may not use this resource.";
        case 404:
            return "The model does not exist or you do not have access to it.";
        case 413:
            return "The request exceeds the maximum size.";
        case 429:
            return "Rate limit reached.";
        case 503:
            return "The service is unavailable for the moment.";
        case 529:
            return "Overloaded";
        default:
            return status >= 500 ? "The server had an error while processing the request."
                                 : "The request was refused.";
    }
}

std::string error_body(Family family, int status, const std::string& message) {
    switch (family) {
        case Family::openai:
            return base::dump_json({{"error",
                                     {{"message", message},
                                      {"type", openai_type(status)},
                                      {"param", nullptr},
                                      {"code", openai_code(status)}}}});
        case Family::anthropic:
            return base::dump_json(
                {{"type", "error"},
                 {"error", {{"type", anthropic_type(status)}, {"message", message}}}});
        case Family::openrouter:
            return base::dump_json({{"error", {{"message", message}, {"code", status}}}});
        case Family::cerebras:
            return base::dump_json({{"message", message},
                                    {"type", cerebras_code(status)},
                                    {"param", status == 429 ? "quota" : ""},
                                    {"code", cerebras_code(status)}});
    }
    return {};
}

std::string limit_error_body(Family family, const Admission& admission, const std::string& model) {
    const std::string what = words_of(admission.quantity);
    switch (family) {
        case Family::openai: {
            std::string message = "Rate limit reached for " + model + " on " + what + " (limit " +
                                  admission.refused_by + ").";
            if (admission.wait) {
                message += " Please try again in " + go_duration(*admission.wait) + ".";
            }
            return base::dump_json({{"error",
                                     {{"message", message},
                                      {"type", what},
                                      {"param", nullptr},
                                      {"code", "rate_limit_exceeded"}}}});
        }
        case Family::anthropic:
            return error_body(family, 429,
                              "This request would exceed your rate limit of " + what + " (limit " +
                                  admission.refused_by + ").");
        case Family::openrouter:
            return base::dump_json({{"error",
                                     {{"message", "Rate limit exceeded: " + admission.refused_by},
                                      {"code", 429},
                                      {"metadata", {{"limit", admission.refused_by}}}}}});
        case Family::cerebras:
            return error_body(
                family, 429,
                "Too many " + what + " (limit " + admission.refused_by + "). Please slow down.");
    }
    return {};
}

}  // namespace fleet::mock_provider
