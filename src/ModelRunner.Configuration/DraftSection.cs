namespace ModelRunner.Configuration;

/// <summary>Reads the member <c>draft</c> of a model.</summary>
internal static class DraftSection
{
    /// <summary>The settings; null: there are none, or they are wrong, which is reported.</summary>
    public static DraftSettings? Read(ConfigurationFile file, FileNode? node, List<ConfigurationProblem> problems)
    {
        if (node is null)
            return null;
        var members = new FileObjectReader(file, node, problems);
        WrittenValue? model = members.RequiredText("model", "the name of a small model with the same vocabulary");
        int? tokens = members.Integer("maxTokens", 1, DraftSettings.MostTokens);
        double? probability = members.Fraction("minProbability");
        members.ReportUnknown();
        if (model is null)
            return null;
        if (ModelReference.TryParseWritten(model.Text, out ModelReference reference, out string? problem))
            return new DraftSettings(reference) { MaxTokens = tokens, MinProbability = probability };

        problems.Add(new ConfigurationProblem(model.Key, model.Text, problem!, "write a name such as llama3.2"));
        return null;
    }
}
