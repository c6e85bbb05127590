// A memory store and a box around it for the tests of what the scaler does to processes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <sys/stat.h>

#include "common/base/clock.hpp"
#include "common/process/identity.hpp"
#include "common/store/memory/memory_store.hpp"
#include "coordinator/host_lease.hpp"
#include "coordinator/launcher.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::coordinator::testing {

inline model::WorkerRecord worker_record(const std::string& id, const model::ProcessIdentity& who) {
    model::WorkerRecord record;
    record.worker_id = id;
    record.host = "h";
    record.pool = "default";
    record.process = who;
    record.owner = "h:" + std::to_string(who.pid) + ":" + id;
    record.slots = 1;
    return record;
}

inline model::WorkerRecord host_record(const std::string& id, const std::string& owner,
                                       const model::ProcessIdentity& who) {
    model::WorkerRecord record = worker_record(id, who);
    record.kind = model::WorkerKind::host;
    record.pool.clear();
    record.owner = owner;
    return record;
}

struct Fixture {
    test_support::TemporaryFolder folder;
    base::SystemClock clock;
    std::unique_ptr<contracts::Store> store =
        store::memory::make_memory_store(base::StoreUrl::parse("memory:", folder.path()), clock);
    HostLease lease{*store, clock, "h", "h:1:self", base::Millis{15'000}};

    /// A program that stands for the worker: it ignores its arguments.
    std::filesystem::path program(const std::string& script) {
        const auto file = folder / "worker";
        test_support::write_file(file, "#!/bin/sh\n" + script + "\n");
        ::chmod(file.c_str(), 0755);
        return file;
    }

    LauncherOptions launcher_options(const std::string& script) {
        LauncherOptions options;
        options.host = "h";
        options.program = program(script);
        options.log_folder = folder / "logs";
        return options;
    }

    /// One execution in pool default, claimed by the worker; its id.
    model::ExecutionId claim_one(const std::string& worker_id) {
        contracts::PushRequest push;
        push.pool = "default";
        push.spec = store->work().put_spec({});
        push.max_attempts = 3;
        push.executions.resize(1);
        push.executions[0].input = "{}";
        const auto pushed = store->work().push(push);
        contracts::ClaimRequest claim;
        claim.worker_id = worker_id;
        claim.pool = "default";
        claim.begin = 1;
        static_cast<void>(store->work().claim(claim));
        return pushed.executions.at(0).id;
    }
};

}  // namespace fleet::coordinator::testing
