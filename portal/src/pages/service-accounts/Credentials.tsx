/** What lets a program's account in, in a table: tokens or certificates, each with a button that takes it away. */
import {
  Button,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { ProblemMessage } from "@/shell/ProblemMessage";

interface Credential {
  id: string;
  name: string;
  expires_at: string | null;
  last_used_at: string | null;
}

interface CredentialsProps<One extends Credential> {
  /** Where they are, and of which type as events name it. */
  path: string;
  type: string;
  words: {
    title: string;
    none: string;
    name: string;
    expires: string;
    used: string;
    never: string;
    remove: string;
    removeOne: (name: string) => string;
  };
  /** A column more, after the name. */
  more?: { head: string; cell: (one: One) => ReactNode };
}

export function Credentials<One extends Credential>({ path, type, words, more }: CredentialsProps<One>) {
  const { i18n } = useTranslation();
  const cache = useQueryClient();
  const key = [...keys.type(type), path];
  const found = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await call<{ value: One[] }>("GET", path, { signal })).body.value,
  });
  const remove = useMutation({
    mutationFn: (id: string) => call("DELETE", `${path}/${id}`),
    onSuccess: () => cache.invalidateQueries({ queryKey: key }),
  });
  const date = (text: string | null) =>
    text === null ? words.never : new Date(text).toLocaleDateString(i18n.language);
  if (found.data?.length === 0) return <p>{words.none}</p>;
  return (
    <>
      <ProblemMessage error={found.error ?? remove.error} />
      <Table aria-label={words.title}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{words.name}</TableHeaderCell>
            {more === undefined ? null : <TableHeaderCell>{more.head}</TableHeaderCell>}
            <TableHeaderCell>{words.expires}</TableHeaderCell>
            <TableHeaderCell>{words.used}</TableHeaderCell>
            <TableHeaderCell>{words.remove}</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {(found.data ?? []).map((one) => (
            <TableRow key={one.id}>
              <TableCell>{one.name}</TableCell>
              {more === undefined ? null : <TableCell>{more.cell(one)}</TableCell>}
              <TableCell>{date(one.expires_at)}</TableCell>
              <TableCell>{date(one.last_used_at)}</TableCell>
              <TableCell>
                <Button
                  size="small"
                  aria-label={words.removeOne(one.name)}
                  disabled={remove.isPending}
                  onClick={() => remove.mutate(one.id)}
                >
                  {words.remove}
                </Button>
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </>
  );
}
