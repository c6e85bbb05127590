#include "common/model/child.hpp"

#include <algorithm>

#include "common/base/hash.hpp"
#include "common/model/names.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<ChildKind, 3> kKindNames{{
    {ChildKind::waited_for, "waited_for"},
    {ChildKind::launched, "launched"},
    {ChildKind::in_place, "in_place"},
}};

constexpr std::size_t kTimeBytes = 6;

void append_integer(std::string& bytes, std::int64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
        bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFFU));
    }
}

}  // namespace

std::string_view to_text(ChildKind kind) {
    return name_of(kKindNames, kind);
}

ExecutionId child_id(const ExecutionId& parent, std::int64_t step, std::int64_t ordinal) {
    std::string bytes(parent.bytes.begin(), parent.bytes.end());
    append_integer(bytes, step);
    append_integer(bytes, ordinal);
    const auto digest = base::content_digest(bytes);
    ExecutionId id;
    std::copy_n(parent.bytes.begin(), kTimeBytes, id.bytes.begin());
    for (std::size_t i = kTimeBytes; i-- > 0;) {
        if (++id.bytes[i] != 0) {
            break;  // no carry into the next byte
        }
    }
    std::copy_n(digest.begin(), id.bytes.size() - kTimeBytes, id.bytes.begin() + kTimeBytes);
    id.bytes[6] = static_cast<std::uint8_t>(0x70U | (id.bytes[6] & 0x0FU));
    id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3FU));
    return id;
}

}  // namespace fleet::model
