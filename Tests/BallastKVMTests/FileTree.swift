import Foundation

/// A copy of the kernel's files that a test makes for itself, and removes.
struct FileTree {
  let root: String

  init(_ files: [String: String]) throws {
    root = NSTemporaryDirectory() + "ballast-files-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    for (path, text) in files { try write(text, to: path) }
  }

  func remove() { try? FileManager.default.removeItem(atPath: root) }

  func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: root + path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func text(_ path: String) -> String {
    (try? String(contentsOfFile: root + path, encoding: .utf8)) ?? ""
  }

  /// Two sockets of two cores of two threads at 2.6 GHz, 16 GiB, cgroup v1.
  static let host: [String: String] = {
    var files = [
      "/proc/sys/kernel/hostname": "rack-7\n",
      "/proc/stat": """
      cpu  1000 200 300 4000 50 6 7 80 900 10
      cpu0 500 100 150 2000 25 3 3 40 450 5
      intr 1
      ctxt 2
      """,
      "/proc/meminfo": """
      MemTotal:       16777216 kB
      MemFree:         4194304 kB
      MemAvailable:    6291456 kB
      Buffers:          131072 kB
      Cached:          1048576 kB
      SwapTotal:       2097152 kB
      SwapFree:        2097152 kB
      AnonHugePages:    524288 kB
      HugePages_Total:       4
      Hugepagesize:       2048 kB
      """,
      "/proc/vmstat": "nr_free_pages 1048576\npswpin 11\npswpout 22\n",
      "/proc/cpuinfo":
        "processor : 0\nmodel name : Some CPU v4 @ 2.60GHz\ncpu MHz : 3399.998\n\nprocessor : 1\n",
      "/proc/pressure/cpu": "some avg10=1.00 avg60=1.00 avg300=1.00 total=1001\n",
      "/proc/pressure/memory": """
      some avg10=0.00 avg60=0.00 avg300=0.00 total=2002
      full avg10=0.00 avg60=0.00 avg300=0.00 total=3003
      """,
      "/proc/pressure/io": """
      some avg10=0.00 avg60=0.00 avg300=0.00 total=4004
      full avg10=0.00 avg60=0.00 avg300=0.00 total=5005
      """,
      "/sys/devices/system/cpu/online": "0-7\n",
      "/sys/kernel/mm/ksm/run": "1\n", "/sys/kernel/mm/ksm/pages_to_scan": "200\n",
      "/sys/kernel/mm/ksm/sleep_millisecs": "20\n", "/sys/kernel/mm/ksm/pages_shared": "10\n",
      "/sys/kernel/mm/ksm/pages_sharing": "90\n", "/sys/kernel/mm/ksm/full_scans": "5\n",
      "/proc/mounts": """
      cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
      cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
      """,
    ]
    for cpu in 0..<8 {
      let folder = "/sys/devices/system/cpu/cpu\(cpu)/topology"
      files[folder + "/physical_package_id"] = "\(cpu / 2 % 2)\n"
      files[folder + "/core_id"] = "\(cpu / 4)\n"
    }
    return files
  }()

  /// The same with cgroup v2 alone.
  static let unifiedHost = host.merging([
    "/proc/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate,memory_recursiveprot 0 0\n"
  ]) { $1 }
}
