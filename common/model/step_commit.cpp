#include "common/model/step_commit.hpp"

#include "common/model/names.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<CommitResult, 6> kResultNames{{
    {CommitResult::applied, "applied"},
    {CommitResult::already_applied, "already_applied"},
    {CommitResult::conflict, "conflict"},
    {CommitResult::lease_lost, "lease_lost"},
    {CommitResult::cancelled, "cancelled"},
    {CommitResult::not_found, "not_found"},
}};

}  // namespace

std::string_view to_text(CommitResult result) {
    return name_of(kResultNames, result);
}

}  // namespace fleet::model
