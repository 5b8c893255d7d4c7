import BallastUnits
import CLibvirtABI

/// A KVM host as libvirt shows it; the host's own counters come from its kernel.
///
/// Rule      a snapshot is one bulk call that waits for no guest, plus one round of questions (definition, scheduler and
///           memory settings) for a domain that has started since, or after `refresh`. Every call has a deadline and a
///           thread that can be left behind.
/// Promises  a hung guest delays a snapshot by its deadline at most, once per back-off · a service that has gone is
///           `.unavailable`, and asked again with growing distance · a read-only connection is never written on.
/// Cost      one round trip per snapshot, measured at 1.5 to 3.5 ms per domain in libvirtd; here 0.5 to 0.7 ms for 100 domains,
///           the host's own files and the observation included (hundredDomainsCostLittle, optimised).
public final class LibvirtSystem: HostSystem {
  public let uri: String
  public let isReadOnly: Bool
  /// Nanoseconds that one call may take; the bulk call, which asks for all domains, may take five times as long.
  let deadline: Int64
  let files: HostFiles
  let library: LibvirtLibrary
  let calls = CallQueue()

  private var connection: LibvirtConnection?
  /// Opening failed: not again before this instant of the monotonic clock.
  private var reconnection = BackOff()
  private var lastProblem = ""
  /// By UUID. Looked up, never walked in its own order.
  var known: [DomainKey: KnownDomain] = [:]
  private var generation: UInt64 = 0
  private var standing: HostFiles.Standing?

  /// Loads libvirt's client library; the connection is opened by the first call.
  ///
  /// - Parameters:
  ///   - uri: nil is $LIBVIRT_DEFAULT_URI, else qemu:///system.
  ///   - readOnly: enough to observe and to record; every write is denied.
  ///   - deadline: how long one call may take.
  ///   - files: where the kernel's files are.
  ///   - library: what is loaded.
  public convenience init(
    uri: String? = nil, readOnly: Bool, deadline: SimDuration = .seconds(2),
    files: HostFiles = HostFiles(), library: String = "libvirt.so.0"
  ) throws(HostSystemError) {
    let uri = try LibvirtAddress.resolve(uri)
    self.init(
      try LibvirtLibrary(loading: library), uri: uri, readOnly: readOnly, deadline: deadline,
      files: files)
  }

  init(
    _ library: LibvirtLibrary, uri: String, readOnly: Bool, deadline: SimDuration,
    files: HostFiles
  ) {
    self.uri = uri
    self.isReadOnly = readOnly
    self.deadline = max(1, deadline.value)
    self.files = files
    self.library = library
  }

  public func refresh() {
    standing = nil
    for key in known.keys { known[key]?.isStale = true }
  }

  // MARK: Connection

  /// The open connection, or a new one. After a failure it is tried again after 1 s, 2 s, … 30 s.
  func connected() throws(HostSystemError) -> LibvirtConnection {
    if let connection { return connection }
    let now = HostClock.monotonic()
    guard reconnection.allows(now) else {
      throw .unavailable("\(lastProblem); not tried again for \(reconnection.seconds(from: now)) s")
    }
    let (library, uri, readOnly) = (library, uri, isReadOnly)
    let answer = calls.run(within: deadline) {
      LibvirtConnection.open(library, uri, readOnly: readOnly)
    }
    switch answer {
    case .success(let opened):
      reconnection = BackOff()
      connection = opened
      // Domains may have been started, redefined or changed meanwhile.
      known.removeAll(keepingCapacity: true)
      return opened
    case .failure(let failure):
      reconnection.fail(now)
      let error = failure.error(about: nil)
      if case .denied = error { throw error }
      lastProblem = "\(uri) cannot be opened: \(failure.message)"
      throw .unavailable(lastProblem)
    case nil:
      reconnection.fail(now)
      lastProblem = "\(uri) does not answer within \(SimDuration(deadline))"
      throw .unavailable(lastProblem)
    }
  }

  /// After a failure that may mean that the service has gone: drops the connection if it has.
  func check(_ failure: LibvirtFailure, on connection: LibvirtConnection) throws(HostSystemError) {
    guard failure.isOfConnection else { return }
    let isAlive = calls.run(within: deadline) { connection.isAlive } ?? false
    guard !isAlive else { return }
    drop()
    throw .unavailable("\(uri) has gone: \(failure.message)")
  }

  /// libvirtd answers five calls of one client at a time: with some of them left behind, a new connection is needed.
  func makeRoom() {
    if calls.hangingCount > 2 { connection = nil }
  }

  private func drop() {
    connection = nil
    lastProblem = "\(uri) has gone"
  }

  // MARK: Snapshot

  public func snapshot() throws(HostSystemError) -> HostSnapshot {
    let (records, before) = try statistics()
    defer { records.free() }
    let connection = try connected()
    let after = HostClock.monotonic()
    var snapshot = HostSnapshot()
    // The domains were read one after another in between.
    snapshot.monotonicTime = before + (after - before) / 2
    snapshot.wallTime = HostClock.wall() - (HostClock.monotonic() - snapshot.monotonicTime)
    snapshot.host = try files.counters(&standing)
    let isSwapping = (snapshot.host.swapTotal ?? 0) > (snapshot.host.swapFree ?? 0)
    generation += 1
    // Asking about new domains may take as long as the bulk call; what is not answered then waits for the next time.
    let end = after + bulkDeadline
    for index in 0..<records.count {
      snapshot.domains.append(
        domain(records[index], connection, until: end, isSwapping: isSwapping))
    }
    snapshot.domains.sort { byteOrder($0.name, $1.name) < 0 }
    if known.count > 2 * snapshot.domains.count + 16 {
      known = known.filter { $0.value.generation == generation }
    }
    return snapshot
  }

  private var bulkDeadline: Int64 { deadline > .max / 8 ? deadline : 5 * deadline }

  /// The bulk statistics, and when they were asked for.
  ///
  /// A process that hangs holds up the first call about it. While that call waits it holds the domain's job, and a second
  /// one, which waits for no job, leaves out what only QEMU can tell.
  private func statistics() throws(HostSystemError) -> (StatisticsRecords, asked: Int64) {
    for span in [deadline, bulkDeadline] {
      let connection = try connected()
      let asked = HostClock.monotonic()
      switch bulk(of: connection, within: span) {
      case .success(let records): return (records, asked)
      case .failure(let failure):
        try check(failure, on: connection)
        throw failure.error(about: nil)
      case nil:
        // This connection has a call that does not come back.
        self.connection = nil
      }
    }
    throw .unavailable("\(uri) does not answer within \(SimDuration(bulkDeadline))")
  }

  private func bulk(
    of connection: LibvirtConnection, within span: Int64
  ) -> Result<StatisticsRecords, LibvirtFailure>? {
    calls.run(within: span) {
      StatisticsRecords.all(of: connection)
    } late: { late in
      if case .success(let records) = late { records.free() }
    }
  }

  /// One domain of the bulk statistics with what is known of it.
  private func domain(
    _ record: ballast_vir_record, _ connection: LibvirtConnection, until end: Int64,
    isSwapping: Bool
  ) -> DomainSnapshot {
    let statistics = DomainStatistics(record.params, count: record.nparams)
    let key = DomainKey(record.domain, library)
    let runID = Int64(library.functions.id(record.domain))
    var domain = known[key] ?? KnownDomain(record.domain, library)
    if domain.runID != runID {
      domain = KnownDomain(record.domain, library)
      domain.runID = runID
    }
    domain.generation = generation
    // Where libvirt could not ask QEMU it leaves out what QEMU would have told, resident memory first.
    let answered = statistics.rss != nil || statistics.vcpus == nil
    let now = HostClock.monotonic()
    if domain.isStale && answered && now < end && domain.backOff.allows(now) {
      let details = ask(&domain, within: min(deadline, end - now), connection)
      if let details { domain.take(details, files) }
    }
    known[key] = domain
    var shown = domain.snapshot(statistics)
    shown.answered = answered && domain.hasDetails
    if isSwapping { shown.swapped = domain.process.flatMap { files.swapped(process: $0) } }
    return shown
  }

  /// Definition and settings of a domain; nil if it does not tell, and then it is not asked again for a while.
  private func ask(
    _ domain: inout KnownDomain, within span: Int64, _ connection: LibvirtConnection
  ) -> DomainDetails? {
    let uuid = domain.uuid
    let answer = calls.run(within: span) { DomainDetails.ask(uuid, connection) }
    if case .success(let details) = answer {
      domain.backOff = BackOff()
      return details
    }
    domain.backOff.fail(HostClock.monotonic())
    makeRoom()
    return nil
  }
}

/// When something that failed may be tried again: after 1 s, 2 s, 4 s … at most 30 s.
struct BackOff: Sendable, Equatable {
  private var next: Int64 = .min
  private var span: Int64 = 0

  func allows(_ now: Int64) -> Bool { now >= next }

  mutating func fail(_ now: Int64) {
    span = span == 0 ? 1_000_000_000 : min(2 * span, 30_000_000_000)
    next = now + span
  }

  /// Until it may be tried again, rounded up.
  func seconds(from now: Int64) -> Int64 { max(0, (next - now + 999_999_999) / 1_000_000_000) }
}
