/* The limits of control groups from the files of the system: version 2 and version 1, a group inside others, a container
 * that sees only its own part, and files without a limit. */
#include "base/container.h"

#include "check.h"
#include "files.h"

#include <string.h>

#define V2_MOUNT "30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define OTHER_MOUNTS                                                                               \
    "24 1 0:22 / /sys rw,relatime shared:2 - sysfs sysfs rw\n"                                     \
    "25 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"

static ss_container read_all(void) {
    ss_container container;
    ss_container_root = files_directory();
    ss_container_read(&container);
    return container;
}

static void nothing(void) {
    ss_container container = read_all();
    CHECK_EQ(ss_container_limit(&container), SS_CONTAINER_NO_LIMIT);
    CHECK_EQ(container.cpu_thousandths, 0);
    CHECK(!ss_container_look(&container).near);
    files_write("proc/self/cgroup", "0::/\n");
    files_write("proc/self/mountinfo", OTHER_MOUNTS);
    container = read_all();
    CHECK_EQ(ss_container_limit(&container), SS_CONTAINER_NO_LIMIT);
    files_write("proc/self/mountinfo", OTHER_MOUNTS V2_MOUNT "a line that is none\n");
    container = read_all(); /* the root group has no limit */
    CHECK_EQ(ss_container_limit(&container), SS_CONTAINER_NO_LIMIT);
    CHECK(!ss_container_look(&container).near);
}

static void version_2(void) {
    files_write("proc/self/cgroup", "0::/kube/pod/app\n");
    files_write("proc/self/mountinfo", OTHER_MOUNTS V2_MOUNT);
    files_write("sys/fs/cgroup/kube/memory.max", "max\n");
    files_write("sys/fs/cgroup/kube/pod/memory.max", "1000000000\n");
    files_write("sys/fs/cgroup/kube/pod/memory.current", "500000000\n");
    files_write("sys/fs/cgroup/kube/pod/memory.stat", "anon 1\ninactive_file 0\n");
    files_write("sys/fs/cgroup/kube/pod/app/memory.max", "800000000\n");
    files_write("sys/fs/cgroup/kube/pod/app/memory.high", "700000000\n");
    files_write("sys/fs/cgroup/kube/pod/app/memory.current", "640000000\n");
    files_write("sys/fs/cgroup/kube/pod/app/memory.stat",
                "anon 5\ninactive_anon 1\ninactive_file 100000000\nactive_file 1\n");
    files_write("sys/fs/cgroup/kube/pod/app/cpu.max", "max 100000\n");
    files_write("sys/fs/cgroup/kube/pod/cpu.max", "50000 100000\n");
    ss_container container = read_all();
    CHECK_EQ(ss_container_limit(&container), 700000000);
    CHECK_EQ(container.cpu_thousandths, 500);
    CHECK(!ss_container_look(&container).near); /* the file cache is not counted */
    files_write("sys/fs/cgroup/kube/pod/app/memory.stat", "anon 5\ninactive_file 1000\n");
    CHECK(ss_container_look(&container).near);
    files_write("sys/fs/cgroup/kube/pod/app/memory.current", "100000000\n");
    CHECK(!ss_container_look(&container).near);
    files_write("sys/fs/cgroup/kube/pod/memory.current",
                "950000000\n"); /* used by other processes */
    CHECK(ss_container_look(&container).near);
    files_write("sys/fs/cgroup/kube/pod/memory.current", "500000000\n");
    files_write("sys/fs/cgroup/kube/pod/app/memory.pressure",
                "some avg10=9.99 avg60=0.00 avg300=0.00 total=0\nfull avg10=50.00\n");
    CHECK(!ss_container_look(&container).near);
    files_write("sys/fs/cgroup/kube/pod/app/memory.pressure",
                "some avg10=12.50 avg60=0.00 avg300=0.00 total=0\n");
    CHECK(ss_container_look(&container).near);
}

/* A container sees its own group under the mount point, although the path in its file is another one. */
static void own_part(void) {
    files_write("proc/self/cgroup", "0::/docker/abc\n");
    files_write("proc/self/mountinfo",
                "31 24 0:27 /docker/abc /sys/fs/own rw - cgroup2 cgroup rw\n");
    files_write("sys/fs/own/memory.max", "123456789\n");
    ss_container container = read_all();
    CHECK_EQ(ss_container_limit(&container), 123456789);
    files_write("proc/self/cgroup", "0::/../elsewhere\n");
    container = read_all();
    CHECK_EQ(ss_container_limit(&container), 123456789);
}

static void version_1(void) {
    files_write("proc/self/cgroup",
                "12:pids:/x\n5:hugetlb,memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n"
                "1:name=systemd:/docker/abc\n0::/docker/abc\n");
    files_write("proc/self/mountinfo", OTHER_MOUNTS V2_MOUNT
                "40 24 0:33 / /sys/fs/v1/memory rw - cgroup cgroup rw,hugetlb,memory\n"
                "41 24 0:34 / /sys/fs/v1/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
    files_write("sys/fs/v1/memory/memory.limit_in_bytes", "9223372036854771712\n");
    files_write("sys/fs/v1/memory/docker/memory.limit_in_bytes", "400000000\n");
    files_write("sys/fs/v1/memory/docker/memory.usage_in_bytes", "399999999\n");
    files_write("sys/fs/v1/memory/docker/memory.stat",
                "inactive_file 7\ntotal_inactive_file 200000000\n");
    files_write("sys/fs/v1/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
    files_write("sys/fs/v1/cpu/docker/abc/cpu.cfs_quota_us", "150000\n");
    files_write("sys/fs/v1/cpu/docker/abc/cpu.cfs_period_us", "100000\n");
    files_write("sys/fs/v1/cpu/cpu.cfs_quota_us", "-1\n");
    files_write("sys/fs/v1/cpu/cpu.cfs_period_us", "100000\n");
    ss_container container = read_all();
    CHECK_EQ(ss_container_limit(&container), 400000000);
    CHECK_EQ(container.cpu_thousandths, 1500);
    CHECK(!ss_container_look(&container).near);
    files_write("sys/fs/v1/memory/docker/memory.stat", "total_inactive_file 1000\n");
    CHECK(ss_container_look(&container).near);
}

/* Longer than any path that is kept, and deeper than any level that is read. */
static void too_much(void) {
    char line[8192] = "0::";
    for (size_t at = 3; at < 6000; at++)
        line[at] = at % 2 == 1 ? '/' : 'a';
    line[6000] = '\n';
    files_write("proc/self/cgroup", line);
    files_write("proc/self/mountinfo", V2_MOUNT);
    ss_container container = read_all();
    CHECK_EQ(ss_container_limit(&container), SS_CONTAINER_NO_LIMIT);
    strcpy(line + 200, "\n");
    files_write("proc/self/cgroup", line);
    files_write("sys/fs/cgroup/memory.max", "5000000\n");
    container = read_all();
    CHECK_EQ(ss_container_limit(&container), 5000000);
}

int main(void) {
    static void (*const cases[])(void) = {nothing, version_2, own_part, version_1, too_much};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cases[i]();
        files_remove();
    }
}
