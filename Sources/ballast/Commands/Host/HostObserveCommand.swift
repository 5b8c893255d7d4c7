import ArgumentParser
import BallastKVM
import BallastModel
import BallastReport
import BallastUnits
import Foundation

struct HostObserveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "observe", abstract: "Show what a KVM host says of itself and of its domains.",
    discussion: """
      Reads only, over a read-only connection. CPU used and ready are of the time between two looks.
      """)

  @OptionGroup var host: HostOptions

  @Option(
    help: ArgumentHelp(
      "Time between two looks; 0s looks once and shows no rates.", valueName: "time"))
  var interval = "1s"

  @Flag(help: "Print one JSON object: the last snapshot, counters as the host counts them.")
  var json = false

  func validate() throws { _ = try span(interval, "--interval", .zero ... .seconds(3_600)) }

  func run() throws {
    let system = try host.open(readOnly: true)
    let wait = try span(interval, "--interval", .zero ... .seconds(3_600))
    Interrupt.watch()
    var before: HostSnapshot?
    let now: HostSnapshot
    do throws(HostSystemError) {
      if wait > .zero && !json {
        before = try system.snapshot()
        guard pause(wait) else { throw HostSystemError.unavailable("interrupted") }
      }
      now = try system.snapshot()
    } catch {
      if Interrupt.isRequested { throw Exit.interrupted.code }
      throw hostFailure(error)
    }
    output(json ? asJSON(now) : asText(now, since: before))
  }

  private func asJSON(_ snapshot: HostSnapshot) -> String {
    struct Answer: Encodable {
      let schemaVersion = 1
      let ballastVersion: String
      let units = [
        "rate": "kHz", "memory": "bytes", "cpu_time": "ns", "quota": "us",
        "statistics_period": "s",
      ]
      let snapshot: HostSnapshot
    }
    return jsonText(Answer(ballastVersion: ballastVersion, snapshot: snapshot))
  }

  private func asText(_ now: HostSnapshot, since before: HostSnapshot?) -> String {
    let host = now.host
    var lines = [
      "\(host.name): \(host.pcpus) CPUs of \(Kilohertz(host.coreRate)), "
        + "\(mebibytes(host.memoryTotal)) MiB of memory, \(mebibytes(host.memoryFree)) free, cgroup \(host.cgroups.rawValue)"
    ]
    if let ksm = host.ksm {
      let saved = mebibytes(scaled(max(0, ksm.pagesSharing), by: max(1, host.pageSize), over: 1))
      lines.append(
        "page merging: run \(ksm.run), \(ksm.pagesToScan) pages per \(ksm.sleepMilliseconds) ms, \(saved) MiB saved"
      )
    }
    var rows = [
      [
        "domain", "state", "marked", "vCPUs", "CPU %", "ready %", "max MiB", "now MiB", "rss MiB",
        "usable MiB", "weight", "quota", "told",
      ]
    ]
    for domain in now.domains {
      rows.append(row(domain, before?[name: domain.name], now, before))
    }
    if now.domains.isEmpty {
      lines.append("no domain is running")
    } else {
      lines += ["", table(rows, words: 3)]
    }
    return lines.joined(separator: "\n")
  }

  private func row(
    _ domain: DomainSnapshot, _ old: DomainSnapshot?, _ now: HostSnapshot, _ before: HostSnapshot?
  ) -> [String] {
    let span = before.map { now.monotonicTime - $0.monotonicTime } ?? 0
    func percent(_ new: Int64?, _ old: Int64?) -> String {
      guard let new, let old, new >= old, span > 0 else { return "-" }
      return String(format: "%.1f", Double(new - old) / Double(span) * 100)
    }
    let settings = domain.settings
    var quota = "-"
    if let value = settings.globalQuota, value > 0, let period = settings.globalPeriod, period > 0 {
      quota = String(format: "%.0f%%", Double(value) / Double(period) * 100)
    } else if let value = settings.vcpuQuota, value > 0, let period = settings.vcpuPeriod,
      period > 0
    {
      quota = String(format: "%.0f%%/vCPU", Double(value) / Double(period) * 100)
    }
    var told = "-"
    if let last = domain.lastUpdate, last > 0 {
      told = "\(max(0, now.wallTime / 1_000_000_000 - last)) s ago"
    }
    func size(_ value: Int64?) -> String { value.map(mebibytes) ?? "-" }
    return [
      domain.name, domain.answered ? domain.state.rawValue : "no answer",
      domain.traits.isMarked ? "yes" : "no", "\(domain.vcpus)",
      percent(domain.vcpuTime ?? domain.cpuTime, old?.vcpuTime ?? old?.cpuTime),
      percent(domain.vcpuDelay, old?.vcpuDelay), size(domain.memoryMax),
      size(domain.memoryCurrent), size(domain.rss), size(domain.guestUsable),
      settings.cpuWeight.map { "\($0)" } ?? "-", quota, told,
    ]
  }

  private func mebibytes(_ bytes: Int64) -> String { "\(bytes >> 20)" }
}
