namespace CoQuic.Engine;

/// <summary>One connection's entries in the table of stateless reset tokens: those of the connection IDs that it sends to.</summary>
/// <param name="table">The endpoint's table.</param>
/// <param name="connection">The connection.</param>
internal sealed class StatelessResetWatch(StatelessResetTable table, Connection connection)
{
    /// <summary>An ID with this token is sent to from now on.</summary>
    public void Begin(in StatelessResetToken token) => table.Add(token, connection);

    /// <summary>It is not sent to any more.</summary>
    public void End(in StatelessResetToken token) => table.Remove(token, connection);
}
