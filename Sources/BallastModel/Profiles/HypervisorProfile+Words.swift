import BallastUnits

extension HypervisorProfile {
  /// What the profile says, in plain words: one line per fact, `what: value`.
  public var lines: [String] {
    let host = Bytes.gibibytes(256)
    var lines = ["\(name): \(summary)", ""]
    lines += section(
      "What is shared",
      [
        ("CPU shares of a VM", cpuSharesWords),
        ("memory shares of a VM", "\(defaultMemorySharesPerMebibyte) per MiB"),
        ("a number of CPU shares is", weightScope == .vm ? "the VM's" : "each vCPU's"),
        ("CPU quota", hasCPUQuota ? "yes, cgroups" : "no"),
      ])
    lines += section(
      "What it costs",
      [
        (
          "overhead of a VM",
          "\(mebibytes(overhead(vcpus: 1, configured: .gibibytes(4)))) with 1 vCPU"
            + " and 4 GiB, \(mebibytes(overhead(vcpus: 8, configured: .gibibytes(64)))) with 8 and 64"
        ),
        ("a host of 256 GiB keeps", mebibytes(hostReserve(memory: host))),
        (
          "migration",
          "\(mebibytes(migration.bandwidth)) per second, \(migration.concurrentPerHost) at a time"
        ),
      ])
    lines += section("How memory is taken back", memory.facts + thresholds(host))
    lines += section("Assumptions", assumptions.map { ("", $0) })
    return Array(lines.dropLast())
  }

  private func section(_ title: String, _ facts: [(String, String)]) -> [String] {
    [title] + facts.map { $0.isEmpty ? "  \($1)" : "  \($0): \($1)" } + [""]
  }

  private var cpuSharesWords: String {
    switch defaultCPUShares {
    case .perVCPU(let shares): "\(shares) per vCPU"
    case .perVM(let shares): "\(shares)"
    }
  }

  /// The states of a host as free memory of a host of 256 GiB.
  private func thresholds(_ host: Bytes) -> [(String, String)] {
    guard keepsMinFree else { return [] }
    let minFree = minFree(memory: host)
    let parts = FreeMemoryScale.Threshold.allCases.map { threshold in
      let size = FreeMemoryScale.threshold(threshold, minFree: minFree)
      let state = threshold == .target ? "large pages broken up" : threshold.rawValue
      return "\(state) below \(mebibytes(size)) (\(threshold.percent) %)"
    }
    return [
      ("minFree on 256 GiB", mebibytes(minFree)),
      ("states by free memory", parts.joined(separator: ", ")),
    ]
  }
}

extension MemoryFacts {
  /// Technique, policy and what happens at the end, by name.
  fileprivate var facts: [(String, String)] {
    var facts: [(String, String)] = [
      ("policy", policy),
      ("techniques", techniques.map(\.rawValue).joined(separator: ", ")),
      ("idle-memory tax", idleTax.words),
      ("large pages", usesLargePages ? "yes, broken up when memory is short" : "no"),
      ("page sharing", sharing.words),
      (
        "balloon",
        "up to \(balloon.max.words) of a VM's memory, \(mebibytes(balloon.rate)) per second"
      ),
    ]
    if techniques.contains(.compress) {
      facts.append(("compressed pages", "up to \(compressedMax.words) of a VM's memory"))
    }
    facts.append(
      ("host swap", techniques.contains(.swap) ? "\(swap.kind.rawValue) unless a host says" : "no"))
    facts.append(("when nothing is left", onExhaustion.words))
    return facts
  }
}

extension SharingFacts {
  fileprivate var words: String {
    switch scanner {
    case _ where scope == .off: "off"
    case .esxi(let scan):
      "\(scope == .withinVM ? "within a VM" : "between VMs"), each VM scanned in "
        + "\(seconds(scan.wholeVMWithin)), at most \(mebibytes(scan.bytesPerSecondPerGHz)) per second and GHz"
    case .ksm(let settings):
      "\(scope == .withinVM ? "within a VM" : "between VMs"), KSM with \(settings.pagesToScan) pages "
        + "every \(seconds(settings.sleep))"
    }
  }
}

extension ExhaustionRule {
  fileprivate var words: String {
    switch self {
    case .wait: "the guest waits until memory is free"
    case .kernelReclaim: "the host's kernel swaps; without swap it kills the largest VM"
    case .refuse: "cannot happen: a VM that does not fit is refused at power-on"
    }
  }
}

extension PartsPerMillion {
  fileprivate var words: String { "\(trimmed(value, places: 4)) %" }
}

private func mebibytes(_ size: Bytes) -> String {
  "\(trimmed(size.milliMebibytes, places: 3)) MiB"
}

private func seconds(_ time: SimDuration) -> String {
  "\(trimmed(time.milliseconds, places: 3)) s"
}

/// Decimals without zeros at the end.
private func trimmed(_ value: Int64, places: Int) -> String {
  var text = decimal(value, places: places)
  while text.last == "0" { text.removeLast() }
  if text.last == "." { text.removeLast() }
  return text
}
