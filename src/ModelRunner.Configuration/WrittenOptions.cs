namespace ModelRunner.Configuration;

/// <summary>Finds the value that counts for an option: flags before the environment before the file.</summary>
internal sealed class WrittenOptions(DaemonOptions options, ConfigurationFile file)
{
    public DaemonOptions Options => options;

    public ConfigurationFile File => file;

    /// <summary>The value that counts; null where nobody wrote one.</summary>
    public WrittenValue? Find(ConfigurationOption option) =>
        FindOutsideFile(options, option)
        ?? (option.FileKey is { } key && file.Values.TryGetValue(key, out WrittenValue? written) ? written : null);

    /// <summary>As <see cref="Find"/> without the file, which these two may name.</summary>
    public static WrittenValue? FindOutsideFile(DaemonOptions options, ConfigurationOption option)
    {
        if (option.Flag is { } flag && options.Flags.TryGetValue(flag, out string? value))
            return new WrittenValue(flag, value, OptionSource.Flag);
        if (option.Variable is { } variable && options.Variable(variable) is { } set && !ServiceLink.Is(option, set))
            return new WrittenValue(variable, set, OptionSource.Environment);

        return null;
    }
}
