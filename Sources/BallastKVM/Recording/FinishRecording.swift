import Foundation

/// Reads a recording from its first line to its last.
public func readTimeline(path: String) throws(RecordingError) -> RecordedTimeline {
  var reader = try RecordingReader(path: path)
  var builder = TimelineBuilder(header: reader.header)
  while let snapshot = try reader.next() { builder.add(snapshot) }
  guard let timeline = builder.finish(tornLines: reader.tornLines) else {
    throw RecordingError(
      path: path, reason: "fewer than two snapshots tell nothing; record for longer")
  }
  return timeline
}

/// Makes the trace and the scenario of a recording in its folder, in place of those that are there.
public func finishRecording(directory: String) throws(RecordingError) -> RecordedTimeline {
  let timeline = try readTimeline(path: directory)
  let files = ReplayFiles(timeline)
  let folder = directory + "/" + ReplayFiles.traceFolder
  do {
    if FileManager.default.fileExists(atPath: folder) {
      // Traces of a finish before: the scenario takes every file of the folder as a series.
      for name in try FileManager.default.contentsOfDirectory(atPath: folder)
      where name.hasSuffix(".csv") {
        try FileManager.default.removeItem(atPath: folder + "/" + name)
      }
    }
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
  } catch {
    throw RecordingError(path: folder, reason: "cannot make this folder anew", isAboutWriting: true)
  }
  for file in files.traces { try write(file.text, to: folder + "/" + file.name) }
  try write(files.scenario, to: directory + "/" + ReplayFiles.scenarioName)
  return timeline
}

private func write(_ text: String, to path: String) throws(RecordingError) {
  do {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  } catch {
    throw RecordingError(path: path, reason: "cannot be written", isAboutWriting: true)
  }
}
