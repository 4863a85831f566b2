namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>What is known of the file with the context of one slot.</summary>
/// <param name="Identity">What the context belongs to, see <see cref="SlotIdentity"/>.</param>
/// <param name="Model">The model reference.</param>
/// <param name="Slot">The number of the slot.</param>
/// <param name="Tokens">The tokens in it.</param>
/// <param name="Bytes">The length of the file.</param>
/// <param name="Checksum">The CRC-32C of the file.</param>
internal sealed record SavedSlot(string Identity, string Model, int Slot, long Tokens, long Bytes, uint Checksum)
{
    private const string IdentityName = "identity";
    private const string ModelName = "model";
    private const string SlotName = "slot";
    private const string TokensName = "tokens";
    private const string BytesName = "bytes";
    private const string ChecksumName = "crc32c";

    /// <summary>Reads a description. Null if it has another form.</summary>
    public static SavedSlot? Parse(ReadOnlyMemory<byte> body) => SlotJson.Parse(body, static root => new SavedSlot(
        root.GetProperty(IdentityName).GetString()!, root.GetProperty(ModelName).GetString()!, root.GetProperty(SlotName).GetInt32(),
        root.GetProperty(TokensName).GetInt64(), root.GetProperty(BytesName).GetInt64(), root.GetProperty(ChecksumName).GetUInt32()));

    /// <summary>The description as JSON.</summary>
    public byte[] Write() => SlotJson.Write(json =>
    {
        json.WriteString(IdentityName, Identity);
        json.WriteString(ModelName, Model);
        json.WriteNumber(SlotName, Slot);
        json.WriteNumber(TokensName, Tokens);
        json.WriteNumber(BytesName, Bytes);
        json.WriteNumber(ChecksumName, Checksum);
    });
}
