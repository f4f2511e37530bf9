// Work shared by the threads of XLA's pool, and memory that each keeps for the next call.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include <immintrin.h>

#include "xla/ffi/api/ffi.h"

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct OutOfMemory : std::bad_alloc {
  explicit OutOfMemory(int64_t bytes) : bytes(bytes) {}
  const char* what() const noexcept override { return "out of memory"; }
  int64_t bytes;  // asked for in vain; 0 where nobody knows
};

struct Buffer {  // grows, and is kept by its thread for the next call
  float* data = nullptr;
  int64_t size = 0;
  float* at_least(int64_t count) {
    if (count > size) {
      std::free(data);
      size = ceil_div(count, 16) * 16;
      data = static_cast<float*>(std::aligned_alloc(64, size * sizeof(float)));
      if (data == nullptr) {
        int64_t bytes = size * sizeof(float);
        size = 0;
        throw OutOfMemory(bytes);
      }
    }
    return data;
  }
  ~Buffer() { std::free(data); }
};

// `phases` times `pieces` of work, each phase after the one before it. A thread begins with its own share, the same in
// every phase, so that what it reads is still in its cache; when that is done it takes what is left of the others'.
// The caller alone would finish: no thread is waited for that the pool has not got round to starting.
// Where a piece fails, in whichever thread, those not yet begun count as done, so that nobody waits for them for ever.
class Team {
 public:
  using Work = std::function<void(int64_t phase, int64_t piece)>;

  Team(int64_t phases, int64_t pieces, int64_t members, const Work* work)
      : phases(phases), pieces(pieces), members(members), work(work), taken(pieces) {}

  void join(int64_t member) {
    for (int64_t phase = done.load(std::memory_order_acquire) / pieces; phase < phases; phase++) {
      wait_for(phase * pieces);
      for (int64_t i = 0; i < pieces; i++) {
        int64_t piece = (member * pieces / members + i) % pieces, before = phase;
        if (taken[piece].load(std::memory_order_relaxed) != phase) continue;
        if (!taken[piece].compare_exchange_strong(before, phase + 1)) continue;
        run(phase, piece);
        done.fetch_add(1, std::memory_order_release);
      }
    }
  }
  void finish() const {
    wait_for(phases * pieces);
    if (lacking.load(std::memory_order_relaxed) >= 0) throw OutOfMemory(lacking.load(std::memory_order_relaxed));
  }

 private:
  // An exception that left a thread of the pool would end the process: `finish` tells the caller instead.
  void run(int64_t phase, int64_t piece) noexcept {
    if (lacking.load(std::memory_order_relaxed) >= 0) return;
    try {
      (*work)(phase, piece);
    } catch (const OutOfMemory& failure) {
      lacking.store(failure.bytes, std::memory_order_relaxed);
    } catch (...) {  // std::bad_alloc: work throws nothing else
      lacking.store(0, std::memory_order_relaxed);
    }
  }
  void wait_for(int64_t count) const {
    for (int spins = 0; done.load(std::memory_order_acquire) < count; spins++) {
      if (spins < 4000) _mm_pause();
      else std::this_thread::yield();
    }
  }

  const int64_t phases, pieces, members;
  const Work* work;  // gone when all is done; a late thread does not look at it
  std::vector<std::atomic<int64_t>> taken;  // of each piece the phases that somebody has begun
  std::atomic<int64_t> done{0};
  std::atomic<int64_t> lacking{-1};  // bytes that a piece asked for in vain, of `OutOfMemory`
};

inline void parallel(xla::ffi::ThreadPool& pool, int64_t phases, int64_t pieces, const Team::Work& work) {
  if (phases * pieces == 0) return;
  int64_t members = std::clamp<int64_t>(pool.num_threads(), 1, pieces);
  auto team = std::make_shared<Team>(phases, pieces, members, &work);
  try {
    for (int64_t member = 1; member < members; member++) pool.Schedule([team, member] { team->join(member); });
  } catch (const std::bad_alloc&) {  // those already asked use `work`: it goes on with them
  }
  team->join(0);
  team->finish();
}
