// The kernel under sanitizers: odd sizes, none at all, masks, several threads and callers, and no memory. It ends with
// 1 and a line where a result is wrong; what a sanitizer finds ends it, too. `test_kernel.py` compiles and runs it.

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "kernel.cc"

// The linker sends what the kernel asks of these two here (--wrap).
extern "C" void* __real_aligned_alloc(size_t, size_t);
extern "C" void* __real__Znwm(size_t);

namespace {

constexpr int64_t NEVER = INT64_MAX;
int64_t grant = NEVER;  // requests of a handler before one is refused
bool once = true;  // that one and no other
std::atomic<bool> armed{false};
std::atomic<int64_t> requests{0}, refusals{0};

bool refused() {
  if (!armed) return false;
  int64_t request = requests++;
  if (once ? request != grant : request < grant) return false;
  refusals++;
  return true;
}

template <class Call>
ffi::Error with_what_is_granted(Call call) {
  if (grant != NEVER) requests = 0, armed = true;
  ffi::Error error = call();
  armed = false;
  return error;
}

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}

// Exactly as large as its shape, so that a step beyond it is seen, and never null, as XLA's are not.
struct Array {
  std::vector<int64_t> shape;
  int64_t count = 1;
  std::unique_ptr<float[]> data;
  explicit Array(std::vector<int64_t> sizes, unsigned seed = 0) : shape(std::move(sizes)) {
    for (int64_t size : shape) count *= size;
    data.reset(new float[count]);
    std::mt19937 random(seed);
    for (int64_t i = 0; i < count; i++) data[i] = seed == 0 ? NAN : random() / 2147483648.0f - 1.0f;
  }
  template <class B>
  operator B() const {
    B buffer;
    buffer.data = data.get();
    std::copy(shape.begin(), shape.end(), buffer.shape.begin());
    return buffer;
  }
};

using Results = std::vector<Array>;

bool same(const Results& a, const Results& b) {
  for (size_t i = 0; i < a.size(); i++)
    if (std::memcmp(a[i].data.get(), b[i].data.get(), a[i].count * sizeof(float)) != 0) return false;
  return true;
}

void check_success(const ffi::Error& error) { check(error.success(), error.message().c_str()); }

template <class P>
ffi::Error window(ffi::ThreadPool pool, int64_t t, int64_t b, int64_t u, bool masked, Results& out) {
  Array kernel({u, 4 * u}, 1), hidden({b, u}, 2), cell({b, u}, 3), start_hidden({b, u}, 4), start_cell({b, u}, 5);
  Array ahead(masked ? std::vector<int64_t>{t, b} : std::vector<int64_t>{0, 0}, 6), valid(ahead.shape, 7);
  out.clear();
  out.emplace_back(std::vector<int64_t>{t * b, 4 * u}, 8);  // the gates, in place of what they are made from
  for (int i = 0; i < 3; i++) out.emplace_back(std::vector<int64_t>{t, b, u});
  for (int i = 0; i < 2; i++) out.emplace_back(std::vector<int64_t>{b, u});
  auto result2 = [&](int i) -> Out2 { return out[i]; };
  auto result3 = [&](int i) -> Out3 { return out[i]; };
  ffi::Error error = with_what_is_granted([&] {
    return Forward<P>(pool, out[0], kernel, hidden, cell, start_hidden, start_cell, ahead, valid, result2(0),
                      result3(1), result3(2), result3(3), result2(4), result2(5));
  });
  if (!error.success()) return error;
  Array d_ys({t, b, u}, 9), d_hidden({b, u}, 10), d_cell({b, u}, 11), gates(out[0].shape);
  std::copy_n(out[0].data.get(), gates.count, gates.data.get());  // the gradients take the place of the gates
  for (int i = 0; i < 4; i++) out.emplace_back(std::vector<int64_t>{b, u});
  out.push_back(std::move(gates));
  return with_what_is_granted([&] {
    return Backward<P>(pool, kernel, out[10], out[2], ahead, valid, d_ys, d_hidden, d_cell, result2(10), result2(6),
                       result2(7), result2(8), result2(9));
  });
}

template <class P>
ffi::Error multiplied(ffi::ThreadPool pool, int64_t m, int64_t k, int64_t n, int flips, Results& out) {
  bool left = flips & 1, right = flips & 2, biased = flips & 4;
  Array a({left ? k : m, left ? m : k}, 1), b({right ? n : k, right ? k : n}, 2), bias({biased ? n : 0}, 3);
  out.clear();
  out.emplace_back(std::vector<int64_t>{m, n});
  ffi::Error error = with_what_is_granted([&] { return Product<P>(pool, a, b, bias, out[0], left, right); });
  for (int64_t i = 0; i < m && error.success(); i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = biased ? bias.data[j] : 0, size = 1;
      for (int64_t l = 0; l < k; l++) {
        double term = double(a.data[left ? l * m + i : i * k + l]) * b.data[right ? j * k + l : l * n + j];
        sum += term, size += std::fabs(term);
      }
      double allowed = std::is_same_v<P, F32> ? 1e-5 : 1e-2;
      check(std::fabs(out[0].data[i * n + j] - sum) < allowed * size, "a product");
    }
  return error;
}

const int64_t WINDOWS[][3] = {{5, 3, 7}, {4, 13, 40}, {1, 1, 16}, {3, 25, 33},
                              {3, 0, 7}, {0, 3, 7}, {3, 3, 0}, {0, 0, 0}};
const int64_t PRODUCTS[][3] = {{1, 1, 1}, {5, 300, 17}, {64, 33, 65}, {13, 700, 50},
                               {3, 0, 4}, {0, 5, 4}, {3, 5, 0}, {0, 0, 0}};

// Everything, one after another; `keep` makes the results, or compares them with those it made.
template <class P>
void everything(ffi::ThreadPool pool, std::vector<Results>& kept, bool keep) {
  size_t next = 0;
  auto take = [&](Results& out) {
    if (keep) kept.push_back(std::move(out));
    else check(same(out, kept[next++]), "results depend on the number of threads");
  };
  Results out;
  for (auto& [t, b, u] : WINDOWS)
    for (bool masked : {false, true}) check_success(window<P>(pool, t, b, u, masked, out)), take(out);
  for (auto& [m, k, n] : PRODUCTS)
    for (int flips = 0; flips < 8; flips++) check_success(multiplied<P>(pool, m, k, n, flips, out)), take(out);
}

template <class P>
void threads_and_callers() {
  std::vector<Results> kept;
  for (int threads : {1, 3, 6}) {
    xla::ffi::Workers workers(threads);
    everything<P>({&workers}, kept, threads == 1);
    if (threads != 3) continue;
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; i++) callers.emplace_back([&] { everything<P>({&workers}, kept, false); });
    for (std::thread& caller : callers) caller.join();
  }
}

// Refuses the first request, the second and so on until a call gets all it asks for. Threads keep what they got, so
// every try has new ones, this one among them.
template <class Call>
void without_memory(Call call) {
  for (bool only : {true, false}) {
    once = only;
    int64_t failures = 0;
    bool lacking = true;
    for (grant = 0; lacking; grant++) {
      check(grant < 200, "a call asks for more and more");
      std::thread([&] {
        xla::ffi::Workers workers(3);
        Results out;
        refusals = 0;
        ffi::Error error = call(ffi::ThreadPool{&workers}, out);
        lacking = refusals > 0;
        if (error.success()) return;
        failures++;
        const char* advice = only ? "or set SEQGEN_NATIVE=off" : "memory";
        check(error.message().find(advice) != std::string::npos, "a message does not say what to do");
      }).join();
    }
    grant = NEVER;
    check(failures > 0, "a refusal goes unnoticed");
  }
}

template <class P>
void memory() {
  without_memory([](ffi::ThreadPool pool, Results& out) { return window<P>(pool, 2, 13, 40, true, out); });
  without_memory([](ffi::ThreadPool pool, Results& out) { return multiplied<P>(pool, 130, 33, 65, 0, out); });
  without_memory([](ffi::ThreadPool pool, Results& out) { return multiplied<P>(pool, 13, 700, 50, 0, out); });
}

}  // namespace

extern "C" void* __wrap_aligned_alloc(size_t alignment, size_t size) {
  return refused() ? nullptr : __real_aligned_alloc(alignment, size);
}
extern "C" void* __wrap__Znwm(size_t size) {
  if (refused()) throw std::bad_alloc();
  return __real__Znwm(size);
}

int main() {
  threads_and_callers<F32>(), threads_and_callers<BF16>();
  memory<F32>(), memory<BF16>();
  std::puts("sound");
}
