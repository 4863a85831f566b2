namespace ModelRunner.Store.Archives;

/// <summary>An archive holds no model that can be loaded. The message is one line for a user: "the archive …".</summary>
internal sealed class ArchiveException(string message) : Exception(Subject + message)
{
    /// <summary>What each message begins with. The command line puts the name of the file in its place, which the daemon does not know.</summary>
    public const string Subject = "the archive ";
}
