"""Who somebody, proved by an identity provider, is here."""

from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import Accounts, AccountState, NewAccount
from zaffre.identity.federation.identities import LinkedIdentities, Person
from zaffre.identity.federation.problems import NotAdmitted
from zaffre.identity.federation.providers import NewPeople
from zaffre.identity.federation.tables import IdentityProviderRow
from zaffre.identity.permissions import Role
from zaffre.identity.tables import AccountRow

LINKING = (NewPeople.LINK, NewPeople.LINK_OR_CREATE)
CREATING = (NewPeople.CREATE, NewPeople.LINK_OR_CREATE)
LINK_BY_HAND = "Sign in with your password, then link this identity under Account."


class Admission:
    """Finds, links or makes the account of somebody, by the rule of their provider."""

    def __init__(self, work: UnitOfWork, provider: IdentityProviderRow) -> None:
        self._work = work
        self._provider = provider
        self._accounts = Accounts(work)
        self._identities = LinkedIdentities(work)

    async def account_of(self, person: Person) -> AccountRow:
        """Return the account that somebody signs in to.

        Raises:
            NotAdmitted: there is none, or it is suspended.
        """
        known = await self._identities.find(person)
        account = await self._accounts.get(known.account_id) if known is not None else await self._new(person)
        if account.state != AccountState.ACTIVE:
            raise NotAdmitted("Your account here is suspended.", "Ask an administrator of the site.")
        row = await self._identities.link(account, person, self._provider)
        row.used_at, row.email = self._work.clock.now(), person.email
        return account

    async def _new(self, person: Person) -> AccountRow:
        """Return the account of somebody who comes for the first time.

        An address counts only when the provider has verified it: else whoever can write any address into their profile
        there would be anybody here.
        """
        name, rule = self._provider.name, NewPeople(self._provider.new_people)
        if rule is NewPeople.REFUSE:
            raise NotAdmitted(f"No account here is linked to this identity at {name}.", LINK_BY_HAND)
        if person.email is None or not person.verified:
            raise NotAdmitted(
                f"{name} does not say that your e-mail address is verified.",
                f"Verify it at {name}, or sign in with your password and link this identity under Account.",
            )
        domains = self._provider.email_domains
        if domains and person.email.rpartition("@")[2] not in domains:
            raise NotAdmitted(f"Addresses such as {person.email} are not admitted through {name}.")
        account = await self._accounts.by_email(person.email)
        if account is not None:
            self._check_linkable(account, rule)
            return account
        if rule not in CREATING:
            raise NotAdmitted(f"There is no account for {person.email} here.")
        # A name is for people to read; who has none is called by the address.
        draft = NewAccount(person.email, person.name or person.email.partition("@")[0], None, verified=True)
        return await self._accounts.create(draft)

    @staticmethod
    def _check_linkable(account: AccountRow, rule: NewPeople) -> None:
        """Let an account pass that may be linked because of its address.

        Only a tenant's: who runs the site does it by hand. And only when the address was proved here as well: else
        somebody could have signed up with it and wait for its owner with a password of their own.
        """
        if rule not in LINKING or account.verified_at is None or account.role != Role.TENANT:
            raise NotAdmitted(f"The account of {account.email} is not linked to this identity.", LINK_BY_HAND)
