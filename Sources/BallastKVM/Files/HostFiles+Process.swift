import Glibc

/// What a process has used, ns; nil where the kernel does not tell.
struct ProcessUsage: Equatable {
  /// All its threads, in steps of a tick.
  var process: Int64?
  /// The named threads: running, and runnable but not running.
  var run: Int64?
  var wait: Int64?
  /// Ticks after boot at which it started: another one of that number started later.
  var start: Int64?
}

/// The kernel's files about one process.
extension HostFiles {
  func status(_ process: Int64) -> NamedNumbers? {
    (try? SmallFile.read(path("/proc/\(process)/status"))).map { NamedNumbers($0, separator: ":") }
  }

  /// Bytes of a process in the host's swap; nil where it has gone.
  func swapped(process: Int64) -> Int64? { status(process)?.bytes("VmSwap") }

  /// From /proc/PID/stat and the threads' schedstat ("run wait slices").
  func usage(process: Int64, threads: [Int64]) -> ProcessUsage {
    var usage = ProcessUsage()
    if let text = try? SmallFile.read(path("/proc/\(process)/stat")),
      // The name in brackets may hold anything.
      let end = text.lastIndex(of: ")")
    {
      let words = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace)
      // Fields 14, 15 and 22 of the whole line.
      if words.count > 19, let user = Int64(words[11]), let system = Int64(words[12]) {
        let ticks = min(max(0, user), 1 << 38) + min(max(0, system), 1 << 38)
        usage.process = ticks * 10_000_000
        usage.start = Int64(words[19])
      }
    }
    guard !threads.isEmpty else { return usage }
    var (run, wait): (Int64, Int64) = (0, 0)
    for thread in threads {
      guard
        let text = try? SmallFile.read(path("/proc/\(process)/task/\(thread)/schedstat"))
      else { return usage }
      let numbers = text.split(whereSeparator: \.isWhitespace).map { Int64($0) ?? -1 }
      guard numbers.count >= 2, (0...(.max / 1_024)).contains(numbers[0]),
        (0...(.max / 1_024)).contains(numbers[1]), threads.count <= 1_024
      else { return usage }
      run += numbers[0]
      wait += numbers[1]
    }
    (usage.run, usage.wait) = (run, wait)
    return usage
  }

  /// Of each of its threads the CPUs that it may run on, as a list; empty where that is every one that is online, or not told.
  func pins(process: Int64, threads: [Int64]) -> [String] {
    let online = Set(Self.list((try? SmallFile.read(onlineCPUs)) ?? ""))
    return threads.prefix(4_096).map { thread in
      guard let text = try? SmallFile.read(path("/proc/\(process)/task/\(thread)/status")),
        let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") })
      else { return "" }
      let allowed = online.intersection(
        Self.list(String(line.dropFirst("Cpus_allowed_list:".count))))
      return allowed.count == online.count ? "" : CPUList(allowed.map { Int($0) }).text
    }
  }

  /// It has a device of the host passed through: all its memory is pinned.
  func holdsDevices(process: Int64) -> Bool {
    let folder = path("/proc/\(process)/fd")
    return SmallFile.entries(of: folder).contains { name in
      let target = SmallFile.link(folder + "/" + name) ?? ""
      return target.hasPrefix("/dev/vfio/") || target.hasPrefix("/dev/vhost-vdpa")
    }
  }
}
