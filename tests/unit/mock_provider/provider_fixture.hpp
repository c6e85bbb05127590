// A provider on a clock that stands still, and what it replies, without sockets. Not thread-safe.
#pragma once

#include <string>
#include <utility>

#include "common/base/json.hpp"
#include "tests/support/mock_provider/provider.hpp"
#include "tests/support/test_clock.hpp"

namespace fleet::mock_provider {

struct ProviderFixture {
    explicit ProviderFixture(const std::string& scenario)
        : provider(base::parse_json(scenario, "the test"), "the test", time) {}

    test_support::TestClock clock{};
    ProviderTime time{clock};
    Provider provider;

    [[nodiscard]] static Request request_of(const std::string& text, const std::string& model = "m",
                                            const std::string& key = "k") {
        Request request;
        request.method = "POST";
        request.target = "/v1/chat/completions";
        request.key = key;
        request.body = base::dump_json(
            {{"model", model},
             {"messages", base::Json::array({{{"role", "user"}, {"content", text}}})}});
        return request;
    }

    /// The bytes of the whole reply.
    static std::string bytes(const Reply& reply) {
        std::string text;
        for (const Piece& piece : reply.pieces) {
            for (std::uint64_t i = 0; i < piece.repeat; ++i) {
                text += piece.bytes;
            }
        }
        return text;
    }

    /// Asks and is answered at once: the reply's bytes.
    std::string ask(const std::string& text, const std::string& model = "m",
                    const std::string& key = "k") {
        Answering answering = provider.answer(request_of(text, model, key));
        answering.flight.value().sent();
        return bytes(answering.reply);
    }
    /// "200", "429", or what else the first line says.
    int status(const std::string& text = "x", const std::string& model = "m",
               const std::string& key = "k") {
        return std::stoi(ask(text, model, key).substr(9, 3));
    }

    std::string control(const std::string& method, const std::string& path,
                        const std::string& body = {}) {
        Request request;
        request.method = method;
        request.target = path;
        request.body = body;
        return bytes(provider.answer(request).reply);
    }
    base::Json stats() { return body_of(control("GET", "/mock/stats")); }

    static base::Json body_of(const std::string& reply) {
        return base::parse_json(reply.substr(reply.find("\r\n\r\n") + 4), "a reply");
    }
};

}  // namespace fleet::mock_provider
