namespace ModelRunner.StubRunner;

/// <summary>Says which model is served.</summary>
internal sealed class ModelEndpoint(StubArguments arguments, StubFaults faults)
{
    private string Name => faults.Text("answer_as") ?? arguments.ModelName;

    private string Path => faults.Text("answer_as") ?? arguments.Model;

    public Task SendListAsync(StubResponse response) => response.SendJsonAsync(200, JsonText.Write(writer =>
    {
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        writer.WriteStartObject();
        writer.WriteString("id", Name);
        writer.WriteString("object", "model");
        writer.WriteNumber("created", 1_700_000_000);
        writer.WriteString("owned_by", "llamacpp");
        writer.WriteEndObject();
        writer.WriteEndArray();
    }));

    public Task SendPropertiesAsync(StubResponse response) => response.SendJsonAsync(200, JsonText.Write(writer =>
    {
        writer.WriteNumber("total_slots", arguments.Slots);
        writer.WriteString("model_alias", Name);
        writer.WriteString("model_path", Path);
        writer.WriteString("build_info", "b0-stub");
        writer.WriteBoolean("is_sleeping", false);
        writer.WriteStartObject("default_generation_settings");
        writer.WriteNumber("n_ctx", faults.IsOn("context") ? faults.Number("context") : arguments.ContextSize / arguments.Slots);
        writer.WriteEndObject();
    }));
}
