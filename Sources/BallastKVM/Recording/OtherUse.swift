import BallastUnits

extension TimelineBuilder {
  /// What ran on the pCPUs of the VMs and was no vCPU: the host's own work, QEMU's other threads, what the machine below
  /// took away.
  ///
  /// Rule      busy − Σ run of VMs, within 0 … pCPUs × length; the run of a longer sample is spread evenly over its time.
  ///           Without counters per pCPU, and VMs on some pCPUs only, the rest is spread evenly over all pCPUs.
  mutating func findOtherUse(on cpus: [Int], all: Bool) {
    var guests = [Int128](repeating: 0, count: hostIntervals.count)
    for vm in timeline.vms {
      var at = 0
      for sample in vm.samples {
        while at < hostIntervals.count, hostIntervals[at].end <= sample.start { at += 1 }
        var index = at
        while index < hostIntervals.count, hostIntervals[index].start < sample.end {
          let shared =
            min(sample.end, hostIntervals[index].end)
            - max(sample.start, hostIntervals[index].start)
          guests[index] += Int128(scaled(sample.run, by: shared, over: sample.length))
          index += 1
        }
      }
    }
    timeline.other = zip(hostIntervals, guests).map { interval, guests in
      let most = product(Int64(cpus.count), interval.end - interval.start)
      var run = Int128(interval.total) - guests
      if !all, let each = interval.perCPU {
        run = cpus.reduce(-guests) { $0 + Int128($1 < each.count ? each[$1] : 0) }
      } else if !all {
        timeline.notes.otherUseSpread = 1
        let pcpus = max(Int64(cpus.count), host?.pcpus ?? 1)
        run = max(0, run) * Int128(cpus.count) / Int128(pcpus)
      }
      return .init(
        start: interval.start, end: interval.end,
        run: Int64(clamping: min(max(0, run), Int128(most))))
    }
  }
}

extension NodeCPUTime {
  /// What these CPUs were not idle, ns: elapsed − idle − waiting for I/O, so that what the machine below stole and what the
  /// kernel accounts nowhere counts too. nil where no counter moved or idle time fell: then nothing is known.
  func busy(since before: NodeCPUTime, length: Int64, cpus: Int64) -> Int64? {
    let idle = idle - before.idle
    // The kernel's count of I/O waits is known to fall by a little (proc(5)).
    let ioWait = max(0, ioWait - before.ioWait)
    let ran = user - before.user + system - before.system + steal - before.steal
    guard idle >= 0, idle + ioWait + ran > 0 else { return nil }
    return max(0, product(cpus, length) - idle - ioWait)
  }
}

extension RecordedTimeline.Quota {
  /// The one that holds the domain back more; nil where none does.
  init?(_ settings: DomainSettings, vcpus: Int64) {
    func valid(_ quota: Int64?, _ period: Int64?) -> (quota: Int64, period: Int64)? {
      // libvirt takes periods of 1 ms to 1 s and quotas from 1 ms; −1 is no limit.
      guard let quota, let period, (1_000...1_000_000).contains(period),
        (1_000...1_000_000_000_000).contains(quota)
      else { return nil }
      return (quota, period)
    }
    let each = valid(settings.vcpuQuota, settings.vcpuPeriod)
    let whole = valid(settings.globalQuota, settings.globalPeriod)
    if let each,
      whole == nil
        || Int128(each.quota) * Int128(vcpus) * Int128(whole!.period)
          <= Int128(whole!.quota) * Int128(each.period)
    {
      self.init(quota: each.quota, period: each.period, isPerVCPU: true)
    } else if let whole {
      self.init(quota: whole.quota, period: whole.period, isPerVCPU: false)
    } else {
      return nil
    }
  }
}
