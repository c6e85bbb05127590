#include "common/model/batch.hpp"

#include "common/model/names.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<BatchState, 3> kStateNames{{
    {BatchState::loading, "loading"},
    {BatchState::sealed, "sealed"},
    {BatchState::cancelled, "cancelled"},
}};

}  // namespace

std::string_view to_text(BatchState state) {
    return name_of(kStateNames, state);
}

}  // namespace fleet::model
