namespace ModelRunner.Configuration;

/// <summary>Finds the effective value of an option: flags override the environment, which overrides the file.</summary>
internal sealed class WrittenOptions(DaemonOptions options, ConfigurationFile file)
{
    public DaemonOptions Options => options;

    public ConfigurationFile File => file;

    /// <summary>The effective value; null if the user set none.</summary>
    public WrittenValue? Find(ConfigurationOption option) =>
        FindOutsideFile(options, option)
        ?? (option.FileKey is { } key && file.Values.TryGetValue(key, out WrittenValue? written) ? written : null);

    /// <summary>A member of a model in the file; null: it is not there.</summary>
    /// <param name="model">The canonical reference of the model. The file may have another spelling.</param>
    /// <param name="member">The name of the member.</param>
    public FileNode? FindOfModel(string model, string member) => file.Models?.Members
        .Where(entry => ModelReference.TryParseWritten(entry.Key, out ModelReference reference, out _) && reference.ToString() == model)
        .SelectMany(static entry => entry.Value.Members)
        .FirstOrDefault(setting => setting.Key == member).Value;

    /// <summary>The options that have another value now than in an older configuration, in the order of the catalogue.</summary>
    public IEnumerable<ConfigurationOption> FindChanged(WrittenOptions older) =>
        ConfigurationCatalog.All.Where(option => Find(option)?.Text != older.Find(option)?.Text);

    /// <summary>Like <see cref="Find"/> without the file: for the two options that find the file.</summary>
    public static WrittenValue? FindOutsideFile(DaemonOptions options, ConfigurationOption option)
    {
        if (option.Flag is { } flag && options.Flags.TryGetValue(flag, out string? value))
            return new WrittenValue(flag, value, OptionSource.Flag);
        if (option.Variable is { } variable && options.Variable(variable) is { } set && !ServiceLink.Is(option, set))
            return new WrittenValue(variable, set, OptionSource.Environment);

        return null;
    }
}
