#include "worker/crew.hpp"

namespace fleet::worker {

Worker::Crew::Crew(Worker& worker)
    : keeper(
          {.worker_id = worker.record_.worker_id,
           .owner = worker.record_.owner,
           .ttl = worker.options_.lease_ttl},
          {.store = worker.store_,
           .clock = worker.clock_,
           .log = worker.log_,
           .attempts = worker.attempts_,
           .vitals =
               [&worker] {
                   const WorkQueue::State queue = worker.queue_.state();
                   return Vitals{worker.options_.slots, static_cast<int>(queue.busy), queue.queued};
               },
           .status =
               [&worker](auto status) {
                   worker.obey_status(status);
                   worker.leave_if_lonely();
               },
           .fatal = [&worker](const std::string& why, auto kind) { worker.fail(why, kind); }}),
      pipe(static_cast<std::size_t>(worker.options_.slots),
           {.store = worker.store_,
            .log = worker.log_,
            .keeper = keeper,
            .wake_up = worker.wake_up_,
            .fatal = [&worker](const std::string& why, auto kind) { worker.fail(why, kind); }}),
      slots(static_cast<std::size_t>(worker.options_.slots),
            {.work = worker.store_.work(),
             .clock = worker.clock_,
             .runner = worker.runner_,
             .machines = worker.machines_,
             .queue = worker.queue_,
             .attempts = worker.attempts_,
             .claim_size = worker.claim_size_,
             .keeper = keeper,
             .pipe = pipe,
             .empty_record =
                 [&worker](const contracts::Claimed& claimed) {
                     model::Attempt record;
                     record.number = claimed.attempt;
                     record.worker_id = worker.record_.worker_id;
                     record.host = worker.record_.host;
                     record.started_at = record.finished_at = worker.store_.now();
                     return record;
                 },
             .fatal = [&worker](const std::string& why, auto kind) { worker.fail(why, kind); }}) {}

}  // namespace fleet::worker
