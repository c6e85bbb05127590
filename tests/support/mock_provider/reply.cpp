#include "tests/support/mock_provider/reply.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "tests/support/mock_provider/scenario.hpp"

namespace fleet::mock_provider {
namespace {

const char* phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 402:
            return "Payment Required";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 413:
            return "Payload Too Large";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 529:
            return "Overloaded";
        default:
            return "Unnamed";
    }
}

bool same_name(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](char a, char b) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        };
        return lower(a) == lower(b);
    });
}

Headers all_headers(const Draft& draft, std::size_t content_length) {
    Headers headers{{"Date", http_date(draft.date)}, {"Content-Type", draft.content_type}};
    if (draft.events.empty()) {
        headers.emplace_back("Content-Length", std::to_string(content_length));
    } else {
        headers.emplace_back("Cache-Control", "no-cache");
        headers.emplace_back("Transfer-Encoding", "chunked");
    }
    if (!draft.keep_alive) {
        headers.emplace_back("Connection", "close");
    }
    for (const auto& [name, value] : draft.headers) {
        const auto known = std::ranges::find_if(headers, [&, &wanted = name](const auto& each) {
            return same_name(each.first, wanted);
        });
        if (known == headers.end()) {
            headers.emplace_back(name, value);
        } else {
            known->second = value;
        }
    }
    return headers;
}

/// A scenario's text cannot break out of its line.
std::string one_line(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c == '\r' || c == '\n'; }, ' ');
    return text;
}

std::string head(const Draft& draft, std::size_t content_length) {
    std::string text =
        "HTTP/1.1 " + std::to_string(draft.status) + " " + phrase(draft.status) + "\r\n";
    for (const auto& [name, value] : all_headers(draft, content_length)) {
        text += one_line(name) + ": " + one_line(value) + "\r\n";
    }
    return text + "\r\n";
}

std::string chunk(const std::string& data) {
    std::array<char, 24> size{};
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
    return std::string(size.data(), static_cast<std::size_t>(length)) + data + "\r\n";
}

constexpr const char* kLastChunk = "0\r\n\r\n";

Ending ending_of(const Draft& draft) {
    return draft.keep_alive ? Ending::next_request : Ending::close;
}

/// The body, or the events and their end.
std::vector<Piece> content_of(const Draft& draft) {
    std::vector<Piece> pieces;
    if (draft.events.empty()) {
        pieces.push_back({Nanos::zero(), draft.body});
        return pieces;
    }
    for (const std::string& event : draft.events) {
        pieces.push_back({pieces.empty() ? Nanos::zero() : draft.interval, chunk(event)});
    }
    pieces.push_back({Nanos::zero(), kLastChunk});
    return pieces;
}

Reply closed_in_body(const Draft& draft) {
    Reply reply{{{draft.latency, head(draft, draft.body.size())}}, Ending::close};
    if (draft.events.empty()) {
        reply.pieces.front().bytes += draft.body.substr(0, draft.body.size() / 2);
        return reply;
    }
    std::vector<Piece> content = content_of(draft);
    content.resize(content.size() / 2);
    reply.pieces.insert(reply.pieces.end(), content.begin(), content.end());
    return reply;
}

Reply truncated(Draft draft) {
    if (draft.events.empty()) {
        draft.body.resize(draft.body.size() / 2);
        return reply_of(draft);
    }
    draft.events.resize((draft.events.size() + 1) / 2);
    draft.events.back().resize(draft.events.back().size() / 2);
    return reply_of(draft);
}

/// The draft has the piece once, as a run of one character; it is written again and again.
Reply large(const Draft& draft, std::int64_t mib) {
    const auto times = static_cast<std::uint64_t>(mib) * (1024 * 1024 / kLargePieceBytes);
    if (!draft.events.empty()) {
        Reply reply = reply_of(draft);
        const auto largest = std::ranges::max_element(
            reply.pieces, {}, [](const Piece& p) { return p.bytes.size(); });
        largest->repeat = times;
        return reply;
    }
    const std::string piece(kLargePieceBytes, 'x');
    const std::size_t at = draft.body.find(piece);
    if (at == std::string::npos) {
        throw std::logic_error("a large answer was drafted without its text");
    }
    const std::size_t length = draft.body.size() + (times - 1) * kLargePieceBytes;
    return {{{draft.latency, head(draft, length) + draft.body.substr(0, at)},
             {Nanos::zero(), piece, times},
             {Nanos::zero(), draft.body.substr(at + kLargePieceBytes)}},
            ending_of(draft)};
}

Reply dripping(const Draft& draft, const Fault& fault) {
    Reply reply = reply_of(draft);
    const Piece beginning{draft.latency, head(draft, draft.body.size())};
    std::string content;
    for (const Piece& piece : content_of(draft)) {
        content += piece.bytes;
    }
    reply.pieces = {beginning, {fault.interval, content, 1, static_cast<std::size_t>(fault.bytes)}};
    return reply;
}

}  // namespace

Reply reply_of(const Draft& draft) {
    Reply reply{content_of(draft), ending_of(draft)};
    reply.pieces.insert(reply.pieces.begin(), {draft.latency, head(draft, draft.body.size())});
    return reply;
}

Reply spoiled_reply(const Draft& draft, const Fault& fault) {
    Draft changed = draft;
    switch (fault.kind) {
        case FaultKind::closed_in_body:
            return closed_in_body(draft);
        case FaultKind::truncated_json:
            return truncated(draft);
        case FaultKind::wrong_content_type:
            changed.content_type = fault.content_type;
            return reply_of(changed);
        case FaultKind::large_answer:
            return large(draft, fault.mib);
        case FaultKind::slow_drip:
            return dripping(draft, fault);
        case FaultKind::headers:
            changed.headers.insert(changed.headers.end(), fault.headers.begin(),
                                   fault.headers.end());
            return reply_of(changed);
        default:
            throw std::logic_error("the fault " + fault.name + " spoils no answers");
    }
}

Reply broken_reply(const Fault& fault, Nanos latency) {
    switch (fault.kind) {
        case FaultKind::never_answers:
            return {{}, Ending::hold};
        case FaultKind::half_closed:
            return {{{latency, {}}}, Ending::half_close};
        case FaultKind::reset:
            return {{{latency, {}}}, Ending::reset};
        case FaultKind::garbage:
            return {{{latency, std::string("\x16\x03\x01 this is not HTTP \xff\xfe\x00\n", 25)}},
                    Ending::close};
        default:
            throw std::logic_error("the fault " + fault.name + " has an answer");
    }
}

}  // namespace fleet::mock_provider
