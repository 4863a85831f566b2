namespace ModelRunner.Linux.Processes;

/// <summary>The operating system refused to start a process. The message is one line for the user.</summary>
internal sealed class SpawnException(string message) : Exception(message);
