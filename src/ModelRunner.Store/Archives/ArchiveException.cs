namespace ModelRunner.Store.Archives;

/// <summary>An archive holds no model that can be loaded. The message is one line for a user: "the archive …".</summary>
internal sealed class ArchiveException(string message) : Exception($"the archive {message}");
