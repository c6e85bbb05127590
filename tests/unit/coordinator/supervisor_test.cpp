#include "coordinator/supervisor.hpp"

#include <csignal>
#include <functional>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include "common/process/proc.hpp"
#include "coordinator/event_loop.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/coordinator/support.hpp"

namespace fleet::coordinator {
namespace {

using namespace testing;
using base::Millis;

struct SupervisorFixture : Fixture {
    EventLoop loop;
    base::Log log{"test", base::LogLevel::off};
    std::vector<WorkerEnd> ends;
    Supervisor supervisor{{*store, loop, lease, clock, log},
                          {"h", ""},
                          [this](const std::string& id) { return folder / "logs" / (id + ".log"); },
                          [this](const WorkerEnd& end) {
                              ends.push_back(end);
                              loop.stop();
                          }};

    SupervisorFixture() { REQUIRE_FALSE(lease.acquire()); }

    Launched launch(const std::string& script) {
        Launcher launcher(*store, lease, launcher_options(script));
        auto answer = launcher.launch({"default", "", 1, 5});
        REQUIRE(std::holds_alternative<Launched>(answer));
        return std::get<Launched>(std::move(answer));
    }

    void register_worker(const std::string& id, const model::ProcessIdentity& who) {
        const auto answer = store->registration().register_worker(worker_record(id, who));
        REQUIRE(std::holds_alternative<contracts::Registered>(answer));
    }

    /// Runs the loop until a worker's end was noticed.
    void run_until_end() {
        loop.set_timer(99, Millis{20'000}, [this] { loop.stop(); });
        loop.run();
        REQUIRE(ends.size() == 1);
    }

    model::WorkerStatus status(const std::string& id) {
        return store->registration().get(id)->status;
    }
};

TEST_CASE("a launched worker has a seat, a log file and a process group of its own") {
    SupervisorFixture fixture;
    Launched launched = fixture.launch(
        "echo \"token $FLEET_LAUNCH_TOKEN host $FLEET_HOST args $*\"; exec sleep 60");
    CHECK(::getpgid(launched.child.pid()) == launched.child.pid());
    const auto seats = fixture.store->scaling().seats("default");
    REQUIRE(seats.size() == 1);
    CHECK(seats[0].state == model::SeatState::starting);
    const auto has_written = [&] {
        return test_support::read_file(launched.log_file).find("args") != std::string::npos;
    };
    REQUIRE(test_support::wait_until(has_written));
    const std::string text = test_support::read_file(launched.log_file);
    CHECK(text.find("token " + seats[0].launch_token + " host h ") != std::string::npos);
    CHECK(text.find("--worker-id " + launched.worker_id) != std::string::npos);
    CHECK(text.find("--seat " + std::to_string(seats[0].id)) != std::string::npos);
}

TEST_CASE("a program that cannot be started gives its seat back and says why") {
    SupervisorFixture fixture;
    LauncherOptions options = fixture.launcher_options("");
    options.program = fixture.folder / "missing";
    Launcher launcher(*fixture.store, fixture.lease, options);
    auto answer = launcher.launch({"default", "", 1, 5});
    REQUIRE(std::holds_alternative<LaunchFailed>(answer));
    CHECK(std::get<LaunchFailed>(answer).reason.find("missing") != std::string::npos);
    CHECK(fixture.store->scaling().seats("default").empty());
}

TEST_CASE("no worker is launched beyond the pool's maximum") {
    SupervisorFixture fixture;
    Launcher launcher(*fixture.store, fixture.lease, fixture.launcher_options("exec sleep 60"));
    auto first = launcher.launch({"default", "", 1, 1});
    REQUIRE(std::holds_alternative<Launched>(first));
    auto second = launcher.launch({"default", "", 1, 1});
    REQUIRE(std::holds_alternative<LaunchFailed>(second));
    CHECK(std::get<LaunchFailed>(second).no_seat);
}

TEST_CASE("no worker is launched beyond the fleet's maximum, whatever its pool allows") {
    SupervisorFixture fixture;
    LauncherOptions options = fixture.launcher_options("exec sleep 60");
    options.fleet_max = 1;
    Launcher launcher(*fixture.store, fixture.lease, options);
    model::PoolPolicy other;
    other.pool = "other";
    fixture.store->scaling().put_pool(other);
    auto first = launcher.launch({"other", "", 1, 5});
    REQUIRE(std::holds_alternative<Launched>(first));
    auto second = launcher.launch({"default", "", 1, 5});
    REQUIRE(std::holds_alternative<LaunchFailed>(second));
    CHECK(std::get<LaunchFailed>(second).no_seat);
    CHECK(std::get<LaunchFailed>(second).reason.find("1 of 1 workers") != std::string::npos);
}

TEST_CASE("a new scaler frees the seats whose workers never came, and no others") {
    SupervisorFixture fixture;
    contracts::SeatRequest request{.pool = "default", .host = "h", .pool_max = 9, .request_id = 1};
    const auto requested = std::get<model::Seat>(fixture.store->scaling().take_seat(request));
    request.request_id = 2;
    const auto starting = std::get<model::Seat>(fixture.store->scaling().take_seat(request));
    REQUIRE(fixture.store->scaling().set_seat_state(starting.id, model::SeatState::starting));
    request.request_id = 3;
    request.host = "other";
    const auto elsewhere = std::get<model::Seat>(fixture.store->scaling().take_seat(request));
    fixture.register_worker("w", process::self_identity(fixture.clock));
    const std::int64_t taken = fixture.store->registration().get("w")->seat;
    Launcher(*fixture.store, fixture.lease, fixture.launcher_options("")).free_old_seats();
    std::vector<std::int64_t> left;
    for (const model::Seat& seat : fixture.store->scaling().seats("default")) {
        left.push_back(seat.id);
    }
    CHECK(left == std::vector<std::int64_t>{elsewhere.id, taken});
}

TEST_CASE("a worker that dies before it registers is noticed with its last words") {
    SupervisorFixture fixture;
    fixture.supervisor.watch(fixture.launch("echo 'cannot open the store' >&2; exit 3"));
    fixture.run_until_end();
    CHECK_FALSE(fixture.ends[0].in_order);
    CHECK(fixture.ends[0].how == "exited with code 3");
    CHECK(fixture.ends[0].last_words == "cannot open the store");
    CHECK(fixture.store->scaling().seats("default").empty());
}

TEST_CASE("the work of a killed child is claimable at once, its lease has not run out") {
    SupervisorFixture fixture;
    Launched launched = fixture.launch("exec sleep 60");
    const std::string id = launched.worker_id;
    const pid_t pid = launched.child.pid();
    fixture.register_worker(id, launched.identity);
    const auto execution = fixture.claim_one(id);
    REQUIRE(fixture.store->work().get(execution)->status == model::Status::running);
    fixture.supervisor.watch(std::move(launched));
    ::kill(pid, SIGKILL);
    fixture.run_until_end();
    CHECK(fixture.ends[0].how == "was ended by signal 9");
    CHECK(fixture.status(id) == model::WorkerStatus::lost);
    const auto after = fixture.store->work().get(execution);
    CHECK(after->status == model::Status::pending);
    CHECK(after->counters.lost_worker == 1);
}

TEST_CASE("what a dead worker left running is killed before its work goes back") {
    SupervisorFixture fixture;
    const auto pid_file = fixture.folder / "pid";
    Launched launched =
        fixture.launch("env FLEET_PROCESS_MARK=h:mark setsid sleep 60 & echo $! > " +
                       pid_file.string() + "; exec sleep 60");
    REQUIRE(test_support::wait_until([&] {
        return std::filesystem::exists(pid_file) && std::filesystem::file_size(pid_file) > 1;
    }));
    const pid_t command = std::stoi(test_support::read_file(pid_file));
    const auto carries_mark = [&] {
        return process::has_variable(process::read_environ(command), "FLEET_PROCESS_MARK=h:mark");
    };
    REQUIRE(test_support::wait_until(carries_mark));
    const auto identity = process::identity_of(command);
    REQUIRE(identity);
    auto record = worker_record(launched.worker_id, launched.identity);
    record.metadata = R"({"process_mark":"h:mark"})";
    static_cast<void>(fixture.store->registration().register_worker(record));
    const pid_t pid = launched.child.pid();
    fixture.supervisor.watch(std::move(launched));
    ::kill(pid, SIGKILL);
    fixture.run_until_end();
    CHECK(process::liveness(*identity) == process::Liveness::gone);
}

TEST_CASE("a worker killed by order leaves no mark on its work") {
    SupervisorFixture fixture;
    Launched launched = fixture.launch("exec sleep 60");
    const std::string id = launched.worker_id;
    fixture.register_worker(id, launched.identity);
    const auto execution = fixture.claim_one(id);
    fixture.supervisor.watch(std::move(launched));
    fixture.supervisor.kill(id);
    fixture.run_until_end();
    CHECK(fixture.ends[0].in_order);
    const auto after = fixture.store->work().get(execution);
    CHECK(after->status == model::Status::pending);
    CHECK(after->counters.lost_worker == 0);
}

TEST_CASE("a running worker is adopted after a restart and its death noticed at once") {
    SupervisorFixture fixture;
    Launched launched = fixture.launch("exec sleep 60");
    const std::string id = launched.worker_id;
    const pid_t pid = launched.child.release();  // as if another scaler had started it
    fixture.register_worker(id, launched.identity);
    CHECK_FALSE(fixture.supervisor.adopt(fixture.store->registration().list({})));
    CHECK(fixture.supervisor.watches(id));
    ::kill(pid, SIGKILL);
    fixture.run_until_end();
    CHECK(fixture.status(id) == model::WorkerStatus::lost);
}

TEST_CASE("registrations of dead processes of this box are handed back without waiting") {
    SupervisorFixture fixture;
    Launched launched = fixture.launch("exec sleep 60");
    const std::string id = launched.worker_id;
    fixture.register_worker(id, launched.identity);
    const auto execution = fixture.claim_one(id);
    ::kill(launched.child.pid(), SIGKILL);
    static_cast<void>(launched.child.finish());
    CHECK(fixture.supervisor.adopt(fixture.store->registration().list({})));
    CHECK_FALSE(fixture.supervisor.watches(id));
    CHECK(fixture.status(id) == model::WorkerStatus::lost);
    CHECK(fixture.store->work().get(execution)->status == model::Status::pending);
}

TEST_CASE("a registration of an earlier boot of this host is handed back without waiting") {
    SupervisorFixture fixture;
    auto identity = process::self_identity(fixture.clock);
    identity.boot_id = "another boot";
    fixture.register_worker("h-old", identity);
    CHECK(fixture.supervisor.adopt(fixture.store->registration().list({})));
    CHECK(fixture.status("h-old") == model::WorkerStatus::lost);
}

TEST_CASE("retiring changes the status and signals the process, once") {
    SupervisorFixture fixture;
    Launched launched = fixture.launch("exec sleep 60");
    const std::string id = launched.worker_id;
    fixture.register_worker(id, launched.identity);
    fixture.supervisor.watch(std::move(launched));
    CHECK(fixture.supervisor.retire(id, "scale down: test", Supervisor::How::by_status));
    CHECK_FALSE(fixture.supervisor.retire(id, "scale down: test", Supervisor::How::by_status));
    CHECK(fixture.status(id) == model::WorkerStatus::terminating);
    CHECK(fixture.supervisor.call_back(id, "work came"));
    CHECK(fixture.status(id) == model::WorkerStatus::active);
    CHECK(fixture.supervisor.retire(id, "scale down: test", Supervisor::How::by_signal));
    fixture.run_until_end();
    CHECK(fixture.ends[0].in_order);
    CHECK(fixture.ends[0].how == "was ended by signal 15");
}

TEST_CASE("a scaler that goes leaves its workers running") {
    pid_t pid = 0;
    model::ProcessIdentity identity;
    {
        SupervisorFixture fixture;
        Launched launched = fixture.launch("exec sleep 60");
        pid = launched.child.pid();
        identity = launched.identity;
        fixture.supervisor.watch(std::move(launched));
    }
    CHECK(process::liveness(identity) == process::Liveness::alive);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace fleet::coordinator
