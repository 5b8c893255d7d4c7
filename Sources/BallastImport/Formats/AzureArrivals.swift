import BallastUnits

extension ImportFormat {
  /// When VMs of which size arrive and how long they stay: the Azure 2017 trace as flavours per 300 s bin.
  ///
  /// Files     a folder with flav_map.txt (`<vCPU>,<GB> <letter>`), one file of arrivals (`<time> m,|,a,…`), the file
  ///           of lifetimes of the same shape (`U<k>` ended in bin k, `C<k>` still running) and one ending in
  ///           interval_map.txt (`<seconds> <bin>`).
  /// Rule      VMs of one bin, flavour and lifetime become one entry with a count. A lifetime is the middle of its
  ///           bin, rounded down to 300 s; what still ran at the end runs to the end. --window takes the first
  ///           stretch, --one-of every k-th VM.
  /// Source    format as in S. Bergsma et al., SOSP 2021; data Azure Public Dataset V1, CC BY 4.0.
  static let azureArrivals = ImportFormat(
    name: "azure-arrivals",
    summary: "arrivals and lifetimes of VMs, Azure 2017 by flavour: a folder",
    read: { path, options, report throws(ImportError) in
      let files = try arrivalFiles(path)
      let flavours = try readFlavours(path + "/" + files.flavours)
      let lifetimes = try readLifetimes(path + "/" + files.intervals)
      let arrivals = lines(of: try readFile(path + "/" + files.arrivals))
      let ends = lines(of: try readFile(path + "/" + files.ends))
      guard arrivals.count == ends.count else {
        throw ImportError(
          path, "arrivals have \(arrivals.count) lines, lifetimes \(ends.count)",
          remedy: "take the two files of one set")
      }
      var counts: [Arrival: Int64] = [:]
      var order: [Arrival] = []
      var (first, last, seen, taken, unknown) = (Int64.max, Int64.min, Int64(0), Int64(0), 0)
      for (arrival, end) in zip(arrivals, ends) {
        let (left, right) = (arrival.text.split(separator: " "), end.text.split(separator: " "))
        guard left.count == 2, right.count == 2, let time = Int64(left[0]), left[0] == right[0],
          (0...secondsMax).contains(time)
        else {
          report.add(
            .ignored, "a line whose time is missing, or not that of the other file",
            at: ImportPlace(files.arrivals, row: arrival.number))
          continue
        }
        first = min(first, time)
        last = max(last, time)
        if let window = options.window, time - first >= window.value / 1_000_000_000 { continue }
        let comma = UInt8(ascii: ",")
        let tokens = left[1].utf8.split(separator: comma).map { String(Substring($0)) }
        let stays = right[1].utf8.split(separator: comma).map { String(Substring($0)) }
        guard tokens.count == stays.count else {
          report.add(
            .contradiction, "a line with another number of VMs than lifetimes; it is left out",
            at: ImportPlace(files.arrivals, row: arrival.number), "\(tokens.count), \(stays.count)")
          continue
        }
        for (token, stay) in zip(tokens, stays) where token != "|" {
          guard let size = flavours[token], let bin = Int(stay.dropFirst()) else {
            unknown += 1
            continue
          }
          seen += 1
          guard (seen - 1) % options.oneOf == 0 else { continue }
          taken += 1
          let runsOn = stay.first == "C"
          guard let life = runsOn ? -1 : lifetimes[bin] else {
            unknown += 1
            continue
          }
          let key = Arrival(
            time: time - first, flavour: token, vcpus: size.vcpus, memory: size.memory,
            life: life)
          if counts[key] == nil { order.append(key) }
          counts[key, default: 0] += 1
        }
      }
      guard !order.isEmpty else {
        throw ImportError(path, "there is no arrival in it", remedy: "check --window")
      }
      let place = ImportPlace(files.arrivals)
      report.add(
        .read, "arrivals", at: place, "\(taken) taken of \(seen), in \(order.count) entries")
      if unknown > 0 {
        report.add(.ignored, "VMs of an unknown flavour or lifetime", at: place, "\(unknown)")
      }
      return estate(order, counts, length: last - first + 300, options, place)
    })

  /// A hundred years.
  private static let secondsMax: Int64 = 3_153_600_000

  private struct Arrival: Hashable {
    /// Seconds from the first line.
    var time: Int64
    var flavour: String
    var vcpus: Int64
    var memory: Bytes
    /// Seconds; −1 runs to the end.
    var life: Int64
  }

  private static func estate(
    _ order: [Arrival], _ counts: [Arrival: Int64], length: Int64, _ options: ImportOptions,
    _ place: ImportPlace
  ) -> ImportedEstate {
    var estate = ImportedEstate(format: "azure-arrivals")
    let nanoseconds = min(length, secondsMax) * 1_000_000_000
    estate.span = SimDuration(min(nanoseconds, options.window?.value ?? nanoseconds))
    var numbers: [String: Int] = [:]
    for arrival in order {
      let stem = "t\(arrival.time)-\(arrival.flavour)"
      let number = numbers[stem, default: 0]
      numbers[stem] = number + 1
      var vm = ImportedVM(name: "\(stem)-\(number)", place: place)
      vm.count = counts[arrival]!
      vm.vcpus = arrival.vcpus
      vm.memory = arrival.memory
      vm.cluster = "azure"
      vm.start = .seconds(arrival.time)
      if arrival.life >= 0 {
        let stop = SimDuration.seconds(arrival.time + max(300, arrival.life))
        // Who stays beyond the end has no end.
        if stop < estate.span { vm.stop = stop }
      }
      estate.vms.append(vm)
    }
    return estate
  }

  private static func arrivalFiles(
    _ path: String
  ) throws(ImportError) -> (flavours: String, arrivals: String, ends: String, intervals: String) {
    switch kind(of: path) {
    case .folder: break
    case .missing: throw ImportError(path, "there is no such folder", isMissing: true)
    case .file:
      throw ImportError(
        path, "it is a file", remedy: "name the folder that it is in", isMissing: true)
    }
    let all = try names(inFolder: path)
    func only(_ what: String, _ test: (String) -> Bool) throws(ImportError) -> String {
      let found = all.filter(test)
      guard found.count == 1 else {
        throw ImportError(
          path,
          found.isEmpty ? "there is no file of \(what)" : "there are several files of \(what)",
          remedy:
            "one set in a folder: flav_map.txt, v1.dev.txt, v1.dev.c….txt, v1.interval_map.txt")
      }
      return found[0]
    }
    let flavours = try only("flavours (flav_map.txt)") { $0.hasSuffix("flav_map.txt") }
    let intervals = try only("lifetime bins (interval_map.txt)") {
      $0.hasSuffix("interval_map.txt")
    }
    let ends = try only("lifetimes (.c….txt)") { name in
      let parts = name.split(separator: ".")
      return parts.count > 2 && parts.last == "txt" && parts[parts.count - 2].first == "c"
        && Int(parts[parts.count - 2].dropFirst()) != nil
    }
    let arrivals = try only("arrivals") {
      $0.hasSuffix(".txt") && $0 != flavours && $0 != intervals && $0 != ends
    }
    return (flavours, arrivals, ends, intervals)
  }

  private static func readFlavours(
    _ path: String
  ) throws(ImportError) -> [String: (vcpus: Int64, memory: Bytes)] {
    var flavours: [String: (vcpus: Int64, memory: Bytes)] = [:]
    for (number, line) in lines(of: try readFile(path)) {
      let parts = line.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
      // Azure's GB are GiB: 1.75 GB is 1,792 MiB.
      guard parts.count == 3, let vcpus = Int64(parts[0]), vcpus > 0,
        let memory = thousandths(parts[1], isWhole: false), memory > 0, memory < 1 << 40
      else {
        throw ImportError(
          path, "this is no flavour: \(line.prefix(40))", remedy: "<vCPU>,<GB> <letter>",
          at: ImportPlace(fileName(path), row: number))
      }
      flavours[parts[2]] = (vcpus, Bytes(scaled(memory, by: 1 << 30, over: 1_000)))
    }
    return flavours
  }

  /// Bin → the middle of its lifetimes in seconds, down to a multiple of 300.
  private static func readLifetimes(_ path: String) throws(ImportError) -> [Int: Int64] {
    var ranges: [Int: (low: Int64, high: Int64)] = [:]
    for (number, line) in lines(of: try readFile(path)) {
      let parts = line.split(separator: " ")
      guard parts.count == 2, let seconds = Int64(parts[0]), let bin = Int(parts[1]),
        (0...secondsMax).contains(seconds)
      else {
        throw ImportError(
          path, "this is no lifetime: \(line.prefix(40))", remedy: "<seconds> <bin>",
          at: ImportPlace(fileName(path), row: number))
      }
      let range = ranges[bin] ?? (seconds, seconds)
      ranges[bin] = (min(range.low, seconds), max(range.high, seconds))
    }
    return ranges.mapValues { ($0.low + $0.high) / 2 / 300 * 300 }
  }
}
