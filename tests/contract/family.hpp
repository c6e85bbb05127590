// The moves that tests of parents and children begin with.
#pragma once

#include <string>
#include <vector>

#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {

using model::ChildKind;
using model::InPlaceStep;
using model::NewChild;
using model::NextChildren;
using model::WaitMode;
using model::Woken;

/// The step at which the tests' parents create their children.
inline constexpr std::int64_t kFanOut = 3;

/// A child of the execution that commits, or with `hangs_below` of an in-place one below it.
[[nodiscard]] NewChild new_child(const ExecutionId& parent, std::int64_t ordinal,
                                 ChildKind kind = ChildKind::waited_for,
                                 std::int64_t step = kFanOut);
/// A commit that creates `count` children, then `next`.
[[nodiscard]] StepCommit fan_out(const Claimed& claimed, std::int64_t count, model::Next next,
                                 ChildKind kind = ChildKind::waited_for);
/// Pushes a root, claims it as "w", and parks it on `count` children as `wait` says; its id.
ExecutionId park_parent(StoreFixture& f, std::int64_t count, const NextChildren& wait);
[[nodiscard]] NextChildren settled();
[[nodiscard]] NextChildren any(bool cancel_rest);

/// Claims one as "w", which must be the child of this ordinal, and ends it.
void end_child(StoreFixture& f, const ExecutionId& parent, std::int64_t ordinal,
               const model::Next& next = NextDone{"0"});
/// Cancels with everything below, however many calls that takes.
void cancel_all(StoreFixture& f, const ExecutionId& id);
void requeue(StoreFixture& f, const ExecutionId& id);
[[nodiscard]] Status status_of(StoreFixture& f, const ExecutionId& id);
[[nodiscard]] std::vector<Status> statuses_below(StoreFixture& f, const ExecutionId& parent,
                                                 std::int64_t step = kFanOut);

}  // namespace fleet::contract_test
