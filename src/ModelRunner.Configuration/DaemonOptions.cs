namespace ModelRunner.Configuration;

/// <summary>The options as the user wrote them, and the environment in which they are read. Not checked yet.</summary>
internal sealed record DaemonOptions
{
    /// <summary>Values of the flags by their names with dashes; a switch that is set has the value <c>true</c>.</summary>
    public IReadOnlyDictionary<string, string> Flags { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Absolute path to which paths of flags and variables are relative.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Absolute path of the folder that contains our executable, the embedded runner and the demo models.</summary>
    public required string BaseDirectory { get; init; }

    /// <summary>Returns whether this system has OpenSSL's library. Called only if the configuration needs it.</summary>
    public Func<bool> HasOpenSsl { get; init; } = OpenSslLibrary.IsPresent;

    /// <summary>Takes the environment of this process; there are no flags yet.</summary>
    public static DaemonOptions FromProcess()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            environment[(string)variable.Key] = (string?)variable.Value ?? "";

        return new DaemonOptions
        {
            Environment = environment,
            WorkingDirectory = System.Environment.CurrentDirectory,
            BaseDirectory = AppContext.BaseDirectory,
        };
    }

    /// <summary>
    /// The value of a variable without the spaces and the pair of quotes around it, which env files often leave there; null if it is not set
    /// or empty.
    /// </summary>
    public string? Variable(string name)
    {
        if (!Environment.TryGetValue(name, out string? value))
            return null;

        value = value.Trim();
        if (value is ['"', .., '"'] or ['\'', .., '\''])
            value = value[1..^1];
        return value.Length == 0 ? null : value;
    }
}
