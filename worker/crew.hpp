// The threads of a registered worker: keeper, pipe and slots, stopped in the opposite order.
#pragma once

#include "worker/commit_pipe.hpp"
#include "worker/lease_keeper.hpp"
#include "worker/slots.hpp"
#include "worker/worker.hpp"

namespace fleet::worker {

struct Worker::Crew {
    explicit Crew(Worker& worker);

    LeaseKeeper keeper;
    CommitPipe pipe;
    Slots slots;
};

}  // namespace fleet::worker
