namespace ModelRunner.Store.Pulls;

/// <summary>A model exists and is of a kind that cannot be served. The message is one line for a user.</summary>
internal sealed class UnsupportedModelException(string message) : Exception(message);
