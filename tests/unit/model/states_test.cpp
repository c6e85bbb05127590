#include <set>

#include <catch2/catch.hpp>

#include "common/model/batch.hpp"
#include "common/model/execution.hpp"
#include "common/model/pool.hpp"
#include "common/model/step_commit.hpp"
#include "common/model/worker.hpp"

using namespace fleet::model;

namespace {

template <typename Enum>
using Changes = std::set<std::pair<Enum, Enum>>;

template <typename Enum>
void require_exactly(const std::vector<Enum>& all, const Changes<Enum>& legal) {
    for (const Enum from : all) {
        for (const Enum to : all) {
            CAPTURE(to_text(from), to_text(to));
            CHECK(is_legal_change(from, to) == legal.contains({from, to}));
        }
    }
}

}  // namespace

TEST_CASE("an execution's status changes only as drawn") {
    using enum Status;
    require_exactly<Status>({pending, running, waiting, done, failed, cancelled},
                            {{pending, running},
                             {pending, cancelled},
                             {running, pending},
                             {running, waiting},
                             {running, done},
                             {running, failed},
                             {running, cancelled},
                             {waiting, pending},
                             {waiting, cancelled},
                             {failed, pending},
                             {cancelled, pending}});
}

TEST_CASE("a worker's status changes only as drawn, and may be set to itself") {
    using enum WorkerStatus;
    require_exactly<WorkerStatus>({active, terminating, terminated, lost},
                                  {{active, active},
                                   {active, terminating},
                                   {active, lost},
                                   {terminating, active},
                                   {terminating, terminating},
                                   {terminating, terminated},
                                   {terminating, lost},
                                   {terminated, terminated},
                                   {lost, lost}});
}

TEST_CASE("a seat goes forward only, and may be gone from everywhere") {
    using enum SeatState;
    require_exactly<SeatState>({requested, starting, ready, retiring, gone}, {{requested, starting},
                                                                              {starting, ready},
                                                                              {ready, retiring},
                                                                              {requested, gone},
                                                                              {starting, gone},
                                                                              {ready, gone},
                                                                              {retiring, gone},
                                                                              {gone, gone}});
}

TEST_CASE("statuses and error kinds have texts that parse back") {
    std::set<std::string_view> texts;
    for (int i = 0; i < 6; ++i) {
        const auto status = static_cast<Status>(i);
        CHECK(parse_status(to_text(status)) == status);
        CHECK(is_terminal(status) == (i >= 3));
        texts.insert(to_text(status));
    }
    CHECK(texts.size() == 6U);
    for (int i = 0; i < 10; ++i) {
        const auto kind = static_cast<ErrorKind>(i);
        CHECK(parse_error_kind(to_text(kind)) == kind);
    }
    for (int i = 0; i < 4; ++i) {
        const auto status = static_cast<WorkerStatus>(i);
        CHECK(parse_worker_status(to_text(status)) == status);
    }
    CHECK_FALSE(parse_status("Pending"));
    CHECK_FALSE(parse_error_kind(""));
    CHECK_FALSE(parse_worker_status("gone"));
}

TEST_CASE("batch states and commit results have texts") {
    CHECK(to_text(BatchState::loading) == "loading");
    CHECK(to_text(BatchState::sealed) == "sealed");
    CHECK(to_text(BatchState::cancelled) == "cancelled");
    CHECK(to_text(CommitResult::applied) == "applied");
    CHECK(to_text(CommitResult::already_applied) == "already_applied");
    CHECK(to_text(CommitResult::conflict) == "conflict");
    CHECK(to_text(CommitResult::lease_lost) == "lease_lost");
    CHECK(to_text(CommitResult::cancelled) == "cancelled");
    CHECK(to_text(CommitResult::not_found) == "not_found");
}
