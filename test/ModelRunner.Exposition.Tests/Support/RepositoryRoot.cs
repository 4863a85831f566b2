namespace ModelRunner.Exposition.Tests.Support;

/// <summary>Finds files of the repository from wherever the tests run.</summary>
internal static class RepositoryRoot
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Path { get; } = Find();

    /// <summary>A file or folder below <c>test/ModelRunner.Exposition.Tests/data</c>.</summary>
    public static string Data(params string[] parts) =>
        System.IO.Path.Combine([Path, "test", "ModelRunner.Exposition.Tests", "data", .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "model-runner.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"There is no model-runner.slnx above {AppContext.BaseDirectory}.");
    }
}
