"""The streams that the ingests bring, as data: what each is called, and which of its fields are significant (facts 3.3)."""

from __future__ import annotations

from ctvpipe.pipelines.directory.records import Stream

UM_API, TDX, MCOMMUNITY, AD = "umich_api", "tdx", "mcommunity_ldap", "active_directory"
DEPARTMENT, USER, GROUP = "department", "user", "group"
# Detail responses are streams of their own: what a list returned stays what it was (P11).
DEPARTMENT_DETAIL, USER_DETAIL = "department_detail", "user_detail"

# Besides those of facts 3.3, the fields that silver has: a change of none of them must go unseen (P14).
_TDX_PLACE = (
    "Address1", "Address2", "Address3", "Address4", "City", "StateAbbr", "StateName", "PostalCode", "Country", "Phone",
    "Fax", "Url",
)  # fmt: skip
_TDX_ACCOUNT = ("ID", "Name", "Code", "Notes", "IsActive", "ParentID", "ManagerUID", *_TDX_PLACE)
_TDX_USER = (
    "UID", "UserName", "FirstName", "LastName", "FullName", "PrimaryEmail", "AlternateEmail", "ExternalID",
    "AlternateID", "IsActive", "SecurityRoleName", "AuthenticationUserName", "TypeID", "Title", "WorkPhone",
    "WorkAddress", "WorkCity", "WorkState", "WorkZip", "WorkCountry",
)  # fmt: skip

UMAPI_DEPARTMENTS = Stream(
    "umapi-departments",
    DEPARTMENT,
    UM_API,
    (
        "DeptId", "DeptDescription", "DeptGroup", "DeptGroupDescription", "DeptGroupVPArea", "DeptGroupVPAreaDescr",
        "DeptGroupCampus", "DeptGroupCampusDescr",
    ),
)  # fmt: skip
UMAPI_EMPLOYEES = Stream(
    "umapi-employees",
    USER,
    UM_API,
    (
        "EmplId", "EmplRcd", "UniqName", "Name", "FirstName", "LastName", "DepartmentId", "Dept_Description",
        "UniversityJobTitle", "DepartmentJobTitle", "Jobcode", "SupervisorId", "Work_Phone", "Work_Address1",
        "Work_Address2", "Work_City", "Work_State", "Work_Postal", "Work_Country",
    ),
)  # fmt: skip
MCOMMUNITY_USERS = Stream(
    "mcommunity-users",
    USER,
    MCOMMUNITY,
    (
        "uid", "uidNumber", "cn", "displayName", "givenName", "sn", "mail", "ou", "umichTitle", "telephoneNumber",
        "homeDirectory", "loginShell", "gidNumber", "umichPostalAddress", "umichPostalAddressData",
    ),
)  # fmt: skip
AD_GROUPS = Stream(
    "ad-groups",
    GROUP,
    AD,
    (
        "name", "cn", "sAMAccountName", "distinguishedName", "objectGUID", "objectSid", "member", "memberOf",
        "description", "groupType", "sAMAccountType", "objectCategory", "objectClass", "instanceType", "sIDHistory",
        "proxiedObjectName", "mail", "managedBy", "gidNumber",
    ),
)  # fmt: skip
TDX_ACCOUNTS = Stream("tdx-accounts", DEPARTMENT, TDX, _TDX_ACCOUNT)
TDX_USERS = Stream("tdx-users", USER, TDX, (*_TDX_USER, "Attributes", "Accounts"))
TDX_ACCOUNT_DETAILS = Stream(
    "tdx-accounts",
    DEPARTMENT_DETAIL,
    TDX,
    (*_TDX_ACCOUNT, "Attributes"),
)
TDX_USER_DETAILS = Stream(
    "tdx-users", USER_DETAIL, TDX, (*_TDX_USER, "Attributes", "OrgApplications", "Permissions", "GroupIDs")
)

INGESTS = (UMAPI_DEPARTMENTS, UMAPI_EMPLOYEES, MCOMMUNITY_USERS, AD_GROUPS, TDX_ACCOUNTS, TDX_USERS)
ENRICHMENTS = (TDX_ACCOUNT_DETAILS, TDX_USER_DETAILS)
# The list that says which details there are to ask for.
LISTED = {DEPARTMENT_DETAIL: TDX_ACCOUNTS, USER_DETAIL: TDX_USERS}
