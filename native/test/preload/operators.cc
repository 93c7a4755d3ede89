/* Every operator new and delete of C++17: served here, aligned, and with the new-handler called and
 * bad_alloc thrown by the runtime's own rules where there is no memory. */
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include "served.h"
}

#define CHECK(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

namespace {

[[noreturn]] void fail(int line, const char *condition) {
    std::fprintf(stderr, "operators.cc:%d: %s is false\n", line, condition);
    std::exit(1);
}

const superslab_api *api;
volatile std::size_t huge = SIZE_MAX / 2 - 4096;
constexpr std::align_val_t wide{256};

void *ours(void *block) {
    superslab_inspection there;
    api->functions->inspect(reinterpret_cast<std::uintptr_t>(block), &there);
    CHECK(there.kind == SUPERSLAB_ADDRESS_LIVE);
    return block;
}

void *ours_wide(void *block) {
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 256 == 0);
    return ours(block);
}

void each_operator() {
    for (std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{70000}}) {
        ::operator delete(ours(::operator new(size)));
        ::operator delete(ours(::operator new(size)), size);
        ::operator delete(ours(::operator new(size, std::nothrow)), std::nothrow);
        ::operator delete[](ours(::operator new[](size)));
        ::operator delete[](ours(::operator new[](size)), size);
        ::operator delete[](ours(::operator new[](size, std::nothrow)), std::nothrow);
        ::operator delete(ours_wide(::operator new(size, wide)), wide);
        ::operator delete(ours_wide(::operator new(size, wide)), size, wide);
        ::operator delete(ours_wide(::operator new(size, wide, std::nothrow)), wide, std::nothrow);
        ::operator delete[](ours_wide(::operator new[](size, wide)), wide);
        ::operator delete[](ours_wide(::operator new[](size, wide)), size, wide);
        ::operator delete[](ours_wide(::operator new[](size, wide, std::nothrow)), wide,
                            std::nothrow);
    }
    ::operator delete(nullptr);
    ::operator delete[](nullptr, wide);
#if !SUPERSLAB_HARDENED             /* which reports it: wrong_free.c */
    std::free(::operator new(100)); /* one heap with malloc */
    ::operator delete(std::malloc(100));
    ::operator delete(::operator new(100), 5000); /* a wrong size does no harm */
#endif
}

template <typename Function>
bool throws_bad_alloc(Function function) {
    try {
        function();
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

int handled;

void give_up_after_three() {
    if (++handled == 3)
        std::set_new_handler(nullptr);
}

void throw_other() {
    throw std::runtime_error("handler");
}

void without_memory() {
    CHECK(throws_bad_alloc([] { return ::operator new(huge); }));
    CHECK(throws_bad_alloc([] { return ::operator new[](huge); }));
    CHECK(throws_bad_alloc([] { return ::operator new(huge, wide); }));
    CHECK(throws_bad_alloc([] { return ::operator new[](huge, wide); }));
    CHECK(::operator new(huge, std::nothrow) == nullptr);
    CHECK(::operator new[](huge, std::nothrow) == nullptr);
    CHECK(::operator new(huge, wide, std::nothrow) == nullptr);
    CHECK(::operator new[](huge, wide, std::nothrow) == nullptr);

    for (int i = 0; i < 4; i++) {
        handled = 0;
        std::set_new_handler(give_up_after_three);
        switch (i) {
        case 0:
            CHECK(throws_bad_alloc([] { return ::operator new(huge); }));
            break;
        case 1:
            CHECK(throws_bad_alloc([] { return ::operator new[](huge, wide); }));
            break;
        case 2:
            CHECK(::operator new(huge, std::nothrow) == nullptr);
            break;
        default:
            CHECK(::operator new(huge, wide, std::nothrow) == nullptr);
        }
        CHECK(handled == 3);
    }
    std::set_new_handler(throw_other);
    bool caught = false;
    try {
        ::operator delete(::operator new(huge));
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    std::set_new_handler(nullptr);
}

void ordinary_work() {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([i] {
            std::vector<std::string> words;
            for (int j = 0; j < 20000; j++)
                words.push_back(std::string(static_cast<std::size_t>(j % 200), 'a' + i));
            CHECK(words[199].size() == 199 && words[199][0] == 'a' + i);
        });
    for (auto &thread : threads)
        thread.join();
}

} // namespace

int main() {
    api = served_api();
    each_operator();
    without_memory();
    ordinary_work();
}
