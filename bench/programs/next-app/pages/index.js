export async function getServerSideProps({ query }) {
  const n = Number(query.n ?? 0)
  const rows = Array.from({ length: 400 }, (_, id) => ({ id, name: `name ${id * n}` }))
  return { props: { rows } }
}

export default function Page({ rows }) {
  return (
    <table>
      <tbody>
        {rows.map(({ id, name }) => (
          <tr key={id}>
            <td>{id}</td>
            <td>{name}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
