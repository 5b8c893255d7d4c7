import BallastModel
import BallastUnits

/// Reads the list of guests of a host without libvirt.
///
/// - Parameters:
///   - path: the file as the user named it; it begins every error.
///   - texts: receives the text, also when this throws, for `describe(_:in:)`.
public func readDirectHost(
  path: String, bytes: [UInt8], texts: inout SourceTexts
) throws(ScenarioError) -> [DirectDomainSpec] {
  var importer = Importer(
    readFile: { _ in [] },
    paths: PathResolver(environment: { _ in nil }), texts: texts)
  importer.noun = "a list of guests"
  let root = importer.read(bytes, file: path)
  texts = importer.texts
  var problems = ProblemList()
  problems.add(contentsOf: importer.problems)
  guard let root else { throw problems.error(fileOrder: texts.files)! }
  var checker = Checker(
    catalogs: CatalogNames(placement: [], memory: [], traceFormats: [], distributions: []))
  checker.problems = problems
  checker.check(root, as: .object(.directHost), key: "the list of guests")
  problems = checker.problems
  var names: Set<String> = []
  var guests: [DirectDomainSpec] = []
  for value in root["domains"]?.items ?? [] {
    guard let name = value["name"]?.text, let socket = value["socket"]?.text else { continue }
    if !names.insert(name).inserted, let place = value["name"]?.place {
      problems.add(place, "there are two guests called \(name)", "rename one")
    }
    var guest = DirectDomainSpec(name: name, socket: socket)
    guest.uuid = value["uuid"]?.text
    guest.process = value["process"]?.whole(1...4_194_304).map(Int64.init)
    guest.cpuGroup = value["cpu_group"]?.text
    guest.memoryGroup = value["memory_group"]?.text
    guest.balloon = value["balloon"]?.text
    guest.memoryMinimum = value["minimum"]?.bytes ?? .zero
    for key in ["socket", "cpu_group", "memory_group"] {
      guard let written = value[key], let text = written.text, !text.hasPrefix("/") else {
        continue
      }
      problems.add(written.place, "\(key) is no absolute path", "begin it with /")
    }
    guests.append(guest)
  }
  if let error = problems.error(fileOrder: texts.files) { throw error }
  return guests
}
