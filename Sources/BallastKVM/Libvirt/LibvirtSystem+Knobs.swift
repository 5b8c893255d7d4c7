import CLibvirtABI

/// Turning and reading single knobs.
extension LibvirtSystem {
  public func perform(_ write: HostWrite) throws(HostSystemError) {
    if isReadOnly { throw .denied("\(uri) is open for reading only") }
    guard case .domain(let uuid, let name) = write.target else {
      return try files.write(write.wanted, to: write.field)
    }
    let (field, wanted) = (write.field, write.wanted)
    switch field {
    case .memoryMin, .memoryLow: try group(of: uuid, name, field).write(wanted, to: field)
    case .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds:
      throw .unsupported("\(field.rawValue) is a knob of the host, not of \(name)")
    default:
      try call(uuid, name) { domain throws(LibvirtFailure) in
        try Self.set(field, wanted, domain, name)
      }
    }
    if let key = DomainKey(uuid) { note(wanted, field, &known[key]) }
  }

  public func read(
    _ field: HostWrite.Field, of target: HostWrite.Target
  ) throws(HostSystemError) -> Int64? {
    guard case .domain(let uuid, let name) = target else { return files.read(field) }
    let value: Int64?
    switch field {
    case .memoryMin, .memoryLow: value = try group(of: uuid, name, field).read(field)
    case .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds: return nil
    default:
      value = try call(uuid, name) { domain throws(LibvirtFailure) in try Self.get(field, domain) }
    }
    if let value, let key = DomainKey(uuid) { note(value, field, &known[key]) }
    return value
  }

  /// What was just written or read is what the next snapshot shows.
  private func note(_ value: Int64, _ field: HostWrite.Field, _ domain: inout KnownDomain?) {
    switch field {
    case .cpuWeight: domain?.settings.cpuWeight = value
    case .vcpuQuota: domain?.settings.vcpuQuota = value
    case .vcpuPeriod: domain?.settings.vcpuPeriod = value
    case .globalQuota: domain?.settings.globalQuota = value
    case .globalPeriod: domain?.settings.globalPeriod = value
    case .statisticsPeriod: domain?.definition.statisticsPeriod = value
    case .memoryMin: domain?.settings.memoryMin = value
    case .memoryLow: domain?.settings.memoryLow = value
    // Counters show it.
    case .balloonTarget: break
    case .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds: break
    }
  }

  /// libvirt has no word for memory.min: the kernel's files do.
  private func group(
    of uuid: String, _ name: String, _ field: HostWrite.Field
  ) throws(HostSystemError) -> CgroupFolder {
    guard let domain = DomainKey(uuid).flatMap({ known[$0] }), let group = domain.group else {
      throw .unsupported(
        "the control group of \(name) is not to be found, so \(field.rawValue) is left")
    }
    return group
  }

  // MARK: Calls about a domain

  /// Calls on a thread with a deadline. A domain that did not answer is not asked again for a while, and fails at once
  /// until then.
  private func call<Value: Sendable>(
    _ uuid: String, _ name: String,
    _ body: @escaping @Sendable (LibvirtDomain) throws(LibvirtFailure) -> Value
  ) throws(HostSystemError) -> Value {
    let connection = try connected()
    let key = DomainKey(uuid)
    if let known = key.flatMap({ known[$0] }), !known.backOff.allows(HostClock.monotonic()) {
      let seconds = known.backOff.seconds(from: HostClock.monotonic())
      throw .timedOut("\(name) did not answer last time; not asked again for \(seconds) s")
    }
    let answer: Result<Value, LibvirtFailure>? = calls.run(within: deadline) {
      do throws(LibvirtFailure) {
        return .success(try body(try LibvirtDomain(uuid, connection)))
      } catch {
        return .failure(error)
      }
    }
    switch answer {
    case .success(let value):
      return value
    case .failure(let failure):
      try check(failure, on: connection)
      let error = failure.error(about: name)
      if case .timedOut = error { fail(key) }
      throw error
    case nil:
      fail(key)
      makeRoom()
      throw .timedOut("\(name) does not answer within \(deadline / 1_000_000) ms")
    }
  }

  private func fail(_ key: DomainKey?) {
    if let key { known[key]?.backOff.fail(HostClock.monotonic()) }
  }

  private static func set(
    _ field: HostWrite.Field, _ wanted: Int64, _ domain: LibvirtDomain, _ name: String
  ) throws(LibvirtFailure) {
    switch field {
    case .cpuWeight: try domain.set("cpu_shares", wanted, isUnsigned: true)
    case .vcpuPeriod: try domain.set("vcpu_period", wanted, isUnsigned: true)
    case .globalPeriod: try domain.set("global_period", wanted, isUnsigned: true)
    case .vcpuQuota: try domain.set("vcpu_quota", wanted, isUnsigned: false)
    case .globalQuota: try domain.set("global_quota", wanted, isUnsigned: false)
    case .statisticsPeriod: try domain.setStatisticsPeriod(wanted)
    case .balloonTarget:
      if domain.isBusy {
        throw LibvirtFailure(
          code: Int32(BALLAST_VIR_ERR_OPERATION_INVALID),
          message: "it is being migrated, saved or dumped")
      }
      try domain.setMemory(wanted)
    case .memoryMin, .memoryLow, .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds: break
    }
  }

  /// Of a balloon: what the guest holds now, as libvirt has it from QEMU's events.
  private static func get(
    _ field: HostWrite.Field, _ domain: LibvirtDomain
  ) throws(LibvirtFailure) -> Int64? {
    switch field {
    case .balloonTarget: return try domain.definition().memoryCurrent
    case .statisticsPeriod: return try domain.definition().statisticsPeriod
    default:
      var details = DomainDetails(definition: DomainDefinition(""), settings: DomainSettings())
      for parameter in try domain.scheduler() { details.note(scheduler: parameter) }
      switch field {
      case .cpuWeight: return details.settings.cpuWeight
      case .vcpuQuota: return details.settings.vcpuQuota
      case .vcpuPeriod: return details.settings.vcpuPeriod
      case .globalQuota: return details.settings.globalQuota
      case .globalPeriod: return details.settings.globalPeriod
      default: return nil
      }
    }
  }
}
