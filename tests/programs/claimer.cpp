// A worker reduced to its leases, for tests that kill it: registers, claims, writes down what it
// was given, completes, writes that down, until nothing is left. Every line of its journal is one
// write(2) to a file opened for appending, so that kill -9 loses nothing that was said. A parent
// that its children woke is completed with the number of those of its step 1 that are done.
//
// claimer STORE_URL JOURNAL TTL_MS BATCH_SIZE
#include <cstdio>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/ids.hpp"
#include "common/contracts/store.hpp"
#include "common/process/identity.hpp"
#include "common/store/open.hpp"

namespace {

using namespace fleet;

class Claimer {
  public:
    Claimer(contracts::Store& store, const base::Clock& clock, const std::string& journal,
            base::Millis ttl, std::size_t size)
        : store_(store),
          journal_(::open(journal.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
          ttl_(ttl),
          size_(size) {
        worker_.worker_id = "claimer-" + base::random_word(8);
        worker_.host = "test";
        worker_.process = process::self_identity(clock);
        worker_.owner = "test:" + std::to_string(worker_.process.pid) + ":" + base::random_word(6);
        worker_.pool = "default";
        worker_.ttl = base::Millis{600'000};
        store_.registration().register_worker(worker_);
    }

    int run() {
        while (true) {
            const auto topic = contracts::pool_topic("default");
            const auto ticket = store_.triggers().ticket(topic);
            const auto before = base::count_ms(store_.now());
            auto answer = store_.work().claim({.worker_id = worker_.worker_id,
                                               .pool = "default",
                                               .stages = {},
                                               .batch = {},
                                               .limit = size_,
                                               .begin = size_,
                                               .ttl = ttl_});
            for (const auto& neighbour : answer.expired_neighbours) {
                if (process::liveness(neighbour.process) == process::Liveness::gone) {
                    store_.work().release_by_worker(neighbour.worker_id,
                                                    contracts::ReleaseReason::lease_expired);
                }
            }
            if (answer.claimed.empty()) {
                if (answer.expired_neighbours.empty() && finished()) {
                    return 0;
                }
                const auto pause = answer.next_due.value_or(base::Millis{200});
                (void)store_.triggers().wait(topic, ticket, pause, {});
                continue;
            }
            complete(answer.claimed, before);
        }
    }

  private:
    bool finished() {
        const auto pressure = store_.work().pressure("default", "");
        return pressure && pressure->totals().pending == 0 && pressure->totals().running == 0;
    }

    void say(const char* what, const model::Lease& lease, std::int64_t at_ms) const {
        const auto line = std::string{what} + " " + lease.execution.text() + " " +
                          std::to_string(lease.token) + " " + std::to_string(at_ms) + " " +
                          std::to_string(::getpid()) + "\n";
        if (::write(journal_.get(), line.data(), line.size()) !=
            static_cast<ssize_t>(line.size())) {
            throw base::Error("writing the journal failed");
        }
    }

    std::string output_of(const contracts::Claimed& claimed) {
        if (claimed.woken_by != model::Woken::children) {
            return "null";
        }
        constexpr std::size_t kPage = 1'000;
        std::int64_t done = 0;
        std::int64_t last = -1;
        for (bool more = true; more;) {
            const auto page = store_.work().children(claimed.lease.execution, 1, last, kPage);
            for (const auto& child : page) {
                done += child.status == model::Status::done ? 1 : 0;
                last = child.ordinal;
            }
            more = page.size() == kPage;
        }
        return std::to_string(done);
    }

    void complete(const std::vector<contracts::Claimed>& claimed, std::int64_t before) {
        std::vector<model::StepCommit> commits;
        for (const auto& one : claimed) {
            say("claimed", one.lease, before);
            model::StepCommit commit;
            commit.lease = one.lease;
            commit.commit_id = base::random_positive_int64();
            commit.attempt = one.attempt;
            commit.next = model::NextDone{.output = output_of(one)};
            commits.push_back(std::move(commit));
        }
        const auto results = store_.commit(commits);
        for (std::size_t i = 0; i < results.size(); ++i) {
            const bool applied = results[i] == model::CommitResult::applied;
            say(applied ? "done" : "refused", commits[i].lease, base::count_ms(store_.now()));
        }
    }

    contracts::Store& store_;
    base::UniqueFd journal_;
    base::Millis ttl_;
    std::size_t size_;
    model::WorkerRecord worker_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::cerr << "usage: claimer STORE_URL JOURNAL TTL_MS BATCH_SIZE\n";
        return 2;
    }
    try {
        const base::SystemClock clock;
        const auto store =
            store::open_store(base::StoreUrl::parse(argv[1], "/"), clock, store::Missing::refuse);
        return Claimer{*store, clock, argv[2], base::Millis{std::stoll(argv[3])},
                       std::stoul(argv[4])}
            .run();
    } catch (const std::exception& error) {
        std::cerr << "claimer: " << error.what() << '\n';
        return 1;
    }
}
